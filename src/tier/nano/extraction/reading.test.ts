import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokenBuffer, createTokeniser } from '../../../text/tokens.ts'
import type { NumberedSpan, SpannedTexts } from './corpus.ts'
import { pieceBounds, pieceUnits } from './pieces.ts'
import { findReading } from './reading.ts'

function spannedTexts(rows: readonly (readonly [string, ...string[]])[]): SpannedTexts {
  const spansOf = (text: string, parts: readonly string[]): NumberedSpan[] =>
    parts.map((part) => ({ start: text.indexOf(part), end: text.indexOf(part) + part.length, label: 0 }))
  return {
    texts: rows.map(([text]) => text),
    spans: rows.map(([text, ...parts]) => spansOf(text, parts)),
    weights: new Float32Array(rows.length).fill(1),
    groups: Int32Array.from(rows.keys()),
  }
}

test('a span that ends at a hyphen teaches the cut, and then every span can be told', () => {
  const found = findReading(
    spannedTexts([
      ['the Berlin-based firm', 'Berlin'],
      ['see $40 or 30EUR', '40', '30'],
    ]),
  )
  expect(found.unrepresentable).toBe(0)
  const tokens = createTokenBuffer()
  createTokeniser(found.cuts).tokenise('a Rome-based 7EUR', tokens)
  expect(tokens.count).toBe(5)
})

test('one slip inside a word in a hundred spans takes no words apart, and is counted', () => {
  const rows = Array.from({ length: 99 }, (_, row) => [`flight ${row} to Oslo now`, 'Oslo'] as const)
  const found = findReading(spannedTexts([...rows, ['to Berlinxyz', 'Berlin']]))
  expect(found.unrepresentable).toBe(1)
  expect(found.cuts).toEqual([])
})

test('where spans often end inside words, letters are cut apart', () => {
  const rows = Array.from({ length: 9 }, (_, row) => [`un${row} undo unkind`, 'kind'] as const)
  expect(findReading(spannedTexts(rows)).unrepresentable).toBe(0)
})

test('text without spaces is read by character', () => {
  expect(findReading(spannedTexts([['高勇，男，中国国籍', '中国国籍']])).mode).toBe('characters')
  expect(findReading(spannedTexts([['Gao Yong, male', 'Gao Yong']])).mode).toBe('words')
})

test('pieces follow one another, none too long, and end where a line does if they can', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.constantFrom('a', 'word ', 'line of text\n', '😀'),
      (n, unit) => {
        const text = unit.repeat(n / unit.length)
        const bounds = pieceBounds(text, text.length)
        expect(bounds[0]).toBe(0)
        expect(text.length === 0 ? 0 : bounds.at(-1)).toBe(text.length)
        bounds.slice(1).forEach((end, piece) => {
          expect(end - bounds[piece]!).toBeGreaterThan(0)
          expect(end - bounds[piece]!).toBeLessThanOrEqual(pieceUnits)
          if (unit.endsWith('\n') && end < text.length) expect(text[end - 1]).toBe('\n')
          expect(/^[\udc00-\udfff]/.test(text.slice(end))).toBe(false)
        })
      },
    ),
    { numRuns: 40 },
  )
})
