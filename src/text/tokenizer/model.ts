/** What a tokenizer's model (WordPiece, BPE, Unigram) gives to the rest: the pieces of one word, by its UTF-16 units. */

/** Pieces of one word, three numbers each: id, first unit, unit after the last. Pieces may share units (bytes of a character). */
export type Pieces = Int32Array

/** Cuts words into pieces of a vocabulary. */
export interface Model {
  readonly unknownId: number | undefined
  cut(word: string): Pieces
}

/** Pieces by id and ids by piece, as the file spells them. */
export interface Vocabulary {
  readonly ids: ReadonlyMap<string, number>
  readonly pieces: readonly (string | undefined)[]
  /** Ids that no text may be read as: tokens that steer the model, such as `[SEP]`. */
  readonly special: ReadonlySet<number>
}

/** The id of a piece that a text may be read as. */
export function readableId({ ids, special }: Vocabulary, piece: string): number | undefined {
  const id = ids.get(piece)
  return id !== undefined && special.has(id) ? undefined : id
}

/** Numbers of {@link Pieces} for one piece. */
export const pieceStride = 3

const longestRemembered = 24

/** The same model with a memory for short words: a word seen before costs one look-up. */
export function withMemory(model: Model, size = 65_536): Model {
  const memory = new Map<string, Pieces>()
  return {
    unknownId: model.unknownId,
    cut(word) {
      const known = memory.get(word)
      if (known !== undefined) return known
      const pieces = model.cut(word)
      if (word.length > longestRemembered) return pieces
      if (memory.size >= size) memory.clear()
      memory.set(detached(word), pieces)
      return pieces
    },
  }
}

// A slice keeps the whole text that it was cut from alive; a remembered word must not.
function detached(word: string): string {
  return word.length < 13 ? word : JSON.parse(JSON.stringify(word))
}
