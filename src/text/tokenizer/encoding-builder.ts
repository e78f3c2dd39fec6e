/** Collects tokens; spans are trimmed of white space, which a piece may begin with (`▁the`, `Ġthe`) and no name ends in. */
import type { Encoding } from './tokenizer.ts'

/** Tokens of a text while they are found. */
export interface EncodingBuilder {
  add(id: number, start: number, end: number): void
  build(): Encoding
}

/** A builder for the tokens of a text. */
export function createEncodingBuilder(text: string): EncodingBuilder {
  const ids: number[] = []
  const starts: number[] = []
  const ends: number[] = []
  return {
    add(id, start, end) {
      let first = start
      let last = end
      while (first < last && isSpaceAt(text, first)) first++
      while (last > first && isSpaceAt(text, last - 1)) last--
      // A token of nothing but white space keeps its place.
      const isBlank = first === last
      ids.push(id)
      starts.push(isBlank ? start : first)
      ends.push(isBlank ? end : last)
    },
    build: () => ({
      ids: Int32Array.from(ids),
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
    }),
  }
}

function isSpaceAt(text: string, unit: number): boolean {
  const code = text.charCodeAt(unit)
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return code >= 0x85 && /\p{White_Space}/u.test(text.charAt(unit))
}
