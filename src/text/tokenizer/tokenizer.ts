/**
 * What a pretrained model's tokenizer is to the rest of Shoal: ids with the places in the original text that they stand for,
 * and how texts are put together as the model was trained to read them. `parse-tokenizer.ts` makes one from tokenizer.json.
 */

/**
 * Tokens of one text without special tokens. `starts` and `ends` are UTF-16 offsets into the text as it was given;
 * starts never decrease; several tokens may share one character's span (byte pieces).
 */
export interface Encoding {
  readonly ids: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** One part of a template: a special token or the place of the first (0) or second (1) text, with its type id. */
export type TemplatePart =
  | { readonly kind: 'special'; readonly id: number; readonly typeId: number }
  | { readonly kind: 'text'; readonly part: 0 | 1; readonly typeId: number }

/** How one text and a pair of texts are framed: `[CLS] a [SEP]`, `<s> a </s></s> b </s>`. */
export interface Template {
  readonly single: readonly TemplatePart[]
  readonly pair: readonly TemplatePart[]
}

/** A tokenizer as parsed from tokenizer.json. */
export interface Tokenizer {
  /** The file it was read from, for error messages. */
  readonly source: string
  /** Highest id plus one, added tokens among them: rows that the embedding table must at least have. */
  readonly vocabularySize: number
  readonly padId: number
  /** What an unknown word becomes; `undefined` where nothing is unknown (byte-level BPE). */
  readonly unknownId: number | undefined
  readonly maskId: number | undefined
  readonly template: Template
  /** Longest input with special tokens, where the file says one. */
  readonly maxLength: number | undefined
  /** Tokens of a text; what looks like a special token in it (`[SEP]`) is read as plain characters. */
  encode(text: string): Encoding
  /** The id of a piece exactly as the vocabulary spells it. */
  idOf(piece: string): number | undefined
  /** The piece of an id exactly as the vocabulary spells it. */
  pieceOf(id: number): string | undefined
}
