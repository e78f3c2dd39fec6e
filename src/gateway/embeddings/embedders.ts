/** What answers `POST /v1/embeddings` on this machine: base encoders, by the names under which they were pulled. */

/** Vectors of texts. */
export interface Embedded {
  /** `[texts, width]`, by rows. */
  readonly vectors: Float32Array
  /** Tokens that were read, special ones included. */
  readonly tokens: number
  /** Texts that were cut. */
  readonly truncated: number
}

export interface Embedder {
  readonly name: string
  readonly width: number
  /**
   * Vectors of texts as sentence-transformers makes them for this model. A text of more tokens than the model takes is
   * cut where `truncate`, else `embeddings.too-long` is thrown.
   */
  embed(
    texts: readonly string[],
    options: { readonly truncate: boolean; readonly signal?: AbortSignal },
  ): Promise<Embedded>
}

export interface Embedders {
  /** Names of the base encoders that are there. */
  names(): readonly string[]
  /** The encoder of that name, its weights loaded; `undefined` where there is none. */
  find(name: string): Promise<Embedder | undefined>
}

/** None: all embeddings are asked of the upstream. */
export const noEmbedders: Embedders = { names: () => [], find: async () => undefined }
