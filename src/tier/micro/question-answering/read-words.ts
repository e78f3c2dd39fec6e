// Words of a text as numbers, so that a question and a text can be compared word by word in any script: each character
// of scripts without spaces is a word, and of other words the beginning counts, which inflection rarely changes.
import { createTokenBuffer, createTokeniser, unitKind, unitKinds } from '../../../text/tokens.ts'

/** Words in order, with their offsets; symbols have the code −1. */
export interface TextWords {
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Below {@link wordCodes}; two words of one code count as the same. */
  readonly codes: Int32Array
}

/** Codes that words are hashed to. */
export const wordCodes = 16_384

const longestStem = 6
const shortestStem = 4
/** Letters at a word's end that inflection may have changed. */
const longestEnding = 3

/** A reader of words. */
export function createWordReader(): (text: string) => TextWords {
  const tokeniser = createTokeniser([])
  const buffer = createTokenBuffer()
  return (text) => {
    tokeniser.tokenise(text, buffer)
    const starts = buffer.starts.slice(0, buffer.count)
    const ends = buffer.ends.slice(0, buffer.count)
    const codes = starts.map((start, word) => codeOf(text, start, ends[word]!))
    return { starts, ends, codes }
  }
}

function codeOf(text: string, start: number, end: number): number {
  const kind = unitKind(text.charCodeAt(start))
  if (kind === unitKinds.space || kind >= unitKinds.symbol) return -1
  const length = Math.min(longestStem, Math.max(shortestStem, end - start - longestEnding))
  // The lower case may be longer than the word: what is cut off is cut off afterwards.
  const stem = text
    .slice(start, Math.min(end, start + longestStem))
    .toLowerCase()
    .slice(0, length)
  let hash = 0x811c9dc5
  for (let at = 0; at < stem.length; at++) hash = Math.imul(hash ^ stem.charCodeAt(at), 0x01000193)
  return ((hash ^ (hash >>> 15)) >>> 0) % wordCodes
}

/** Of each word: the code of it and the one before it together. */
export function pairCodes(codes: Int32Array): Int32Array {
  return codes.map((code, at) => {
    const mixed = Math.imul(code + 1, 0x9e3779b1) ^ Math.imul((codes[at - 1] ?? wordCodes) + 1, 0x85ebca6b)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % wordCodes
  })
}

/** Rarity of words by code: ln((texts + 1) / (texts with it + ½)). */
export function wordRarity(texts: Iterable<TextWords>): Float32Array {
  const found = new Float64Array(wordCodes)
  let count = 0
  for (const { codes } of texts) {
    count++
    for (const code of new Set(codes)) if (code >= 0) found[code]!++
  }
  return Float32Array.from(found, (own) => Math.log((count + 1) / (own + 0.5)))
}
