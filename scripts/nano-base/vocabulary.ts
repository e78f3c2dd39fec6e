// Which pieces a table has: the encoder's own without those that no text can reach, then whole words.
import { isHanUnit } from '../../src/text/script.ts'

/** A piece, and what the teacher is shown for it. */
export interface Entry {
  readonly piece: string
  /** The piece's id, or the text of a word that the encoder cuts into several. */
  readonly shown: number | string
  /** Place among the pieces or among the words by how common it is, the commonest first. */
  readonly rank: number
}

/** Entries of a table: kept pieces in the encoder's order, then `words` that are not pieces yet. */
export function tableEntries(
  vocabulary: ReadonlyMap<string, number>,
  { language, words }: { language: 'en' | 'zh'; words: readonly string[] },
): Entry[] {
  const pieces = [...vocabulary].sort((a, b) => a[1] - b[1]).filter(([piece]) => isReachable(piece, language))
  const entries: Entry[] = pieces.map(([piece, id], rank) => ({ piece, shown: id, rank }))
  // A word list has no function characters at its top, as the pieces have: it begins further down.
  for (const [place, word] of words.entries()) {
    if (!vocabulary.has(word)) entries.push({ piece: word, shown: word, rank: 300 + place })
  }
  return entries
}

// Han characters are words of their own, so `##` never stands before one; [CLS] and the like are no text.
function isReachable(piece: string, language: 'en' | 'zh'): boolean {
  if (/^\[.+\]$/.test(piece) || /\s/.test(piece)) return false
  const continues = piece.length > 2 && piece.startsWith('##')
  const hasHan = Array.from(piece).some((character) => isHanUnit(character.charCodeAt(0)))
  return !(hasHan && (continues || language === 'en')) && piece === piece.toLowerCase()
}

/** How much an entry should say by its rank: common ones little (smooth inverse frequency, ranks after Zipf). */
export function rankWeights(entries: readonly Entry[], smoothing: number): Float64Array {
  let total = 0
  for (let rank = 0; rank < entries.length; rank++) total += 1 / (rank + 2)
  return Float64Array.from(entries, ({ rank }) => smoothing / (smoothing + 1 / ((rank + 2) * total)))
}
