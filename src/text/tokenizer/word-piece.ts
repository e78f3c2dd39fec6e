/**
 * WordPiece: the longest piece that fits, again and again; a word is known whole or not at all. Our own, as all three models
 * here: the library that this is checked against gives no offsets and hides what it normalised, and it reads a text's
 * "[SEP]" or "</s>" as the token that steers the model.
 */
import type { Model, Vocabulary } from './model.ts'

/** What tokenizer.json says of a WordPiece model. */
export interface WordPieceOptions {
  readonly unknownId: number
  /** Before pieces that continue a word: `##`. */
  readonly prefix: string
  /** Longer words, in code points, are unknown. */
  readonly longestWord: number
}

/** The model over a vocabulary. */
export function createWordPiece(
  vocabulary: Vocabulary,
  { unknownId, prefix, longestWord }: WordPieceOptions,
): Model {
  const starts = new Map<string, number>()
  const continuations = new Map<string, number>()
  let longest = 0
  for (const [piece, id] of vocabulary.ids) {
    if (vocabulary.special.has(id)) continue
    // A piece with the prefix can also begin a word that is spelled so: "##" itself is text where no splitter cuts it.
    starts.set(piece, id)
    if (piece.startsWith(prefix)) continuations.set(piece.slice(prefix.length), id)
    longest = Math.max(longest, piece.length)
  }

  return {
    unknownId,
    cut(word) {
      if (word.length > longestWord && Array.from(word).length > longestWord)
        return Int32Array.of(unknownId, 0, word.length)
      const pieces: number[] = []
      for (let from = 0; from < word.length; ) {
        const table = from === 0 ? starts : continuations
        let to = Math.min(word.length, from + longest)
        let id: number | undefined
        while (to > from) {
          id = table.get(word.slice(from, to))
          if (id !== undefined) break
          to--
        }
        if (id === undefined) return Int32Array.of(unknownId, 0, word.length)
        pieces.push(id, from, to)
        from = to
      }
      return Int32Array.from(pieces)
    },
  }
}
