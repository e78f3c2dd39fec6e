import { expect, test } from 'vitest'
import { defaultNgrams } from '../../text/ngrams.ts'
import { weighRows } from './sparse-rows.ts'
import { type LabelledRows, measureTerms } from './term-weights.ts'
import { createTermCounter, type Terms } from './terms.ts'
import { createVocabulary, selectVocabulary } from './vocabulary.ts'

const words = { ...defaultNgrams, wordLengths: 1, characterLengths: [9, 8] as const }

function countWords(texts: readonly string[]): Terms {
  const counter = createTermCounter(words)
  for (const text of texts) counter.add(text)
  return counter.finish()
}

/** Each row a group of its own. */
const alone = (rows: Omit<LabelledRows, 'groups'>): LabelledRows => ({
  ...rows,
  groups: Int32Array.from(rows.classes.keys()),
})

test('rows keep each term once, with its count', () => {
  const { starts, terms, counts } = countWords(['a b a', '', 'b'])
  expect([...starts]).toEqual([0, 2, 2, 3])
  expect([...counts]).toEqual([2, 1, 1])
  expect(terms[1]).toBe(terms[2])
})

test('the divergence is that of the smoothed class shares from the shares of all rows', () => {
  const terms = countWords(['good film', 'good', 'bad film', 'bad'])
  const classes = Int32Array.of(1, 1, 0, 0)
  const { frequency, divergence } = measureTerms(
    terms,
    alone({ rows: Int32Array.of(0, 1, 2, 3), classes, classCount: 2 }),
  )
  const [good, film] = [terms.terms[0]!, terms.terms[1]!]
  expect([frequency[good], frequency[film]]).toEqual([2, 2])
  // p(1 | good) = (2 + 1/2) / 3
  expect(divergence[good]).toBeCloseTo((2.5 / 3) * Math.log(5 / 3) + (0.5 / 3) * Math.log(1 / 3), 5)
  expect(divergence[film]).toBeCloseTo(0, 6)
})

test('rows that are not learned from count for nothing', () => {
  const terms = countWords(['good', 'bad', 'good'])
  const classes = Int32Array.of(1, 0, 0)
  const { frequency } = measureTerms(terms, alone({ rows: Int32Array.of(0, 1), classes, classCount: 2 }))
  expect(frequency[terms.terms[0]!]).toBe(1)
})

test('what rows of one group and class share is counted once', () => {
  const terms = countWords(['fine', 'fine day', 'fine', 'dull', 'fine'])
  const classes = Int32Array.of(1, 1, 1, 0, 0)
  const groups = Int32Array.of(1, 1, 2, 1, 2)
  const { frequency } = measureTerms(terms, {
    rows: Int32Array.of(0, 1, 2, 3, 4),
    classes,
    classCount: 2,
    groups,
  })
  expect(frequency[terms.terms[0]!]).toBe(3)
})

test('a vocabulary finds each of its codes and no other', () => {
  const codes = Uint32Array.of(0, 5, 2 ** 31, 4_294_967_295)
  const vocabulary = createVocabulary(codes, new Uint8Array(4))
  expect([...codes].map((code) => vocabulary.rowOf(code))).toEqual([0, 1, 2, 3])
  expect([1, 6, 2 ** 31 + 1].map((code) => vocabulary.rowOf(code))).toEqual([-1, -1, -1])
})

test('the terms that tell most are kept, no more than allowed', () => {
  const terms = countWords(['good the', 'good the', 'bad the', 'bad the odd'])
  const classes = Int32Array.of(1, 1, 0, 0)
  const statistics = measureTerms(
    terms,
    alone({ rows: Int32Array.from(classes.keys()), classes, classCount: 2 }),
  )
  const vocabulary = selectVocabulary(terms.codes, statistics, 2)
  const code = (row: number, place: number): number => terms.codes[terms.terms[terms.starts[row]! + place]!]!
  expect(vocabulary.size).toBe(2)
  expect(vocabulary.rowOf(code(0, 0))).toBeGreaterThanOrEqual(0)
  expect(vocabulary.rowOf(code(2, 0))).toBeGreaterThanOrEqual(0)
  expect(vocabulary.rowOf(code(0, 1))).toBe(-1)
})

test('weighed rows have the length asked for', () => {
  const terms = countWords(['good film', 'bad film', 'bad', ''])
  const classes = Int32Array.of(1, 0, 0, 1)
  const rows = Int32Array.from(classes.keys())
  const vocabulary = selectVocabulary(
    terms.codes,
    measureTerms(terms, alone({ rows, classes, classCount: 2 })),
    10,
  )
  const { starts, values } = weighRows(terms, rows, vocabulary, [2, 1])
  const lengthOf = (row: number): number => Math.hypot(...values.subarray(starts[row]!, starts[row + 1]!))
  expect([0, 1, 2].map(lengthOf).map((length) => Number(length.toFixed(4)))).toEqual([2, 2, 2])
  expect(starts[4]).toBe(starts[3])
})
