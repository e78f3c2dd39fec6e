/** BERT's words: white space is dropped, every punctuation sign stands alone. */
import type { Splitter } from './split.ts'

const kinds = { unknown: 0, word: 1, space: 2, sign: 3 } as const

/** A splitter that remembers what each code point is. */
export function bertSplitter(): Splitter {
  const kindOf = new Uint8Array(0x110000)

  return (text, from, to, bounds) => {
    let start = from
    for (let unit = from; unit < to; ) {
      const codePoint = text.codePointAt(unit)!
      const next = unit + (codePoint > 0xffff ? 2 : 1)
      let kind = kindOf[codePoint]!
      if (kind === kinds.unknown) {
        kind = classify(codePoint)
        kindOf[codePoint] = kind
      }
      if (kind !== kinds.word) {
        if (start < unit) bounds.push(start, unit)
        if (kind === kinds.sign) bounds.push(unit, next)
        start = next
      }
      unit = next
    }
    if (start < to) bounds.push(start, to)
  }
}

/** Signs that Unicode made punctuation after the Rust library's tables, which the models were trained with. */
const youngSigns = /[\u061d\u09fd\u0a76\u0c77\u0c84\u1b4e\u1b4f\u1b7d-\u1b7f\u2e43-\u2e4f\u2e52-\u2e5d]/

function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint)
  if (/\p{White_Space}/u.test(character)) return kinds.space
  if (youngSigns.test(character)) return kinds.word
  return /[\p{P}!-/:-@[-`{-~]/u.test(character) ? kinds.sign : kinds.word
}
