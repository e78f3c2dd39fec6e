import { expect, test } from 'vitest'
import { refusalOf } from './refusal.ts'
import type { CandidateRow } from './threshold.ts'

const target = { risk: 0.02, delta: 0.05 }

function rows(count: number, errors: number): readonly CandidateRow[] {
  return Array.from({ length: count }, (_, row) => ({ score: 1, correct: row >= errors, novel: false }))
}

const candidates = [{ score: 0.5 }]

test('too few rows without an error: it says how many more would do', () => {
  const refusal = refusalOf({ rows: rows(100, 0), candidates, target, wrongMeans: 'error', allRows: 250 })
  const text = refusal.sentence
  expect(refusal.moreExamples).toBe(340)
  expect(text).toBe(
    'Nothing is answered locally: no threshold showed at most 2% wrong with confidence 95% on 100 calibration rows. ' +
      'The nearest would answer 100% of the calls and was wrong in 0 of 100, which shows only that at most 2.95% are wrong. ' +
      'If that rate holds, about 340 more examples would be needed (590 in all, 236 of them for calibration).',
  )
})

test('a few errors in a small sample: the number grows', () => {
  const { sentence: text } = refusalOf({
    rows: rows(300, 3),
    candidates,
    target,
    wrongMeans: 'error',
    allRows: 750,
  })
  expect(text).toMatch(/wrong in 3 of 300/)
  expect(text).toMatch(/If that rate holds, about [0-9,]+ more examples would be needed/)
})

test('plainly too many errors: more rows are not the cure', () => {
  const { sentence: text } = refusalOf({
    rows: rows(1000, 60),
    candidates,
    target,
    wrongMeans: 'error',
    allRows: 4000,
  })
  expect(text).toMatch(/The specialist must become more accurate: were it wrong in 1% of these, /)
})

test('rows enough, but too few kept for calibration', () => {
  const { sentence: text } = refusalOf({
    rows: rows(100, 0),
    candidates,
    target,
    wrongMeans: 'error',
    allRows: 9000,
  })
  expect(text).toMatch(/of the 9,000 examples about 236 would have to be kept for calibration/)
})

test('where wrong means differs from the upstream, it says disagreement', () => {
  const { sentence: text } = refusalOf({
    rows: rows(1000, 60),
    candidates,
    target,
    wrongMeans: 'disagreement',
    allRows: 4000,
  })
  expect(text).toMatch(/was in disagreement with the upstream in 60 of 1000/)
  expect(text).not.toMatch(/wrong/)
})

test('no calibration rows', () => {
  expect(refusalOf({ rows: [], candidates, target, wrongMeans: 'error', allRows: 2 }).sentence).toMatch(
    /no calibration rows .* About [0-9]+ more examples would be needed/,
  )
})

test('rows in groups are refused by what their groups show, not by what as many rows would', () => {
  const rows = Array.from({ length: 400 }, (_, row) => ({
    score: 1,
    correct: true,
    novel: false,
    group: `${row % 20}`,
  }))
  const { sentence, moreExamples } = refusalOf({
    rows,
    candidates: [{ score: 0 }],
    target: { risk: 0.02, delta: 0.05 },
    wrongMeans: 'error',
    allRows: 1000,
  })
  expect(sentence).toMatch(
    /on 400 calibration rows of 20 groups\. The nearest would answer 100% of the calls and was wrong in 0 of 400, which shows only that at most \d+(\.\d+)?% are, since rows of one group may be wrong together\. More groups, or a larger --risk, may do\.$/,
  )
  expect(moreExamples).toBeUndefined()
})
