import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { classificationMetrics, type LabelledRow } from './classification.ts'

const row = (expected: string, predicted: string, times: number): readonly LabelledRow[] =>
  Array.from({ length: times }, () => ({ expected: [expected], predicted: [predicted] }))

test('the metrics of a known confusion matrix', () => {
  const rows = [
    ...row('a', 'a', 8),
    ...row('a', 'b', 2),
    ...row('b', 'b', 3),
    ...row('b', 'a', 1),
    ...row('c', 'a', 1),
  ]
  const metrics = classificationMetrics(rows, { random: seededRandom(1) })
  expect(metrics.accuracy.value).toBeCloseTo(11 / 15, 9)
  const [a, b, c] = metrics.perLabel
  expect(a).toMatchObject({ label: 'a', support: 10 })
  expect(a!.precision.value).toBeCloseTo(0.8, 9)
  expect(a!.recall.value).toBeCloseTo(0.8, 9)
  expect(b!.f1.value).toBeCloseTo((2 * 3) / (4 + 5), 9)
  expect(c!.f1.value).toBe(0)
  expect(metrics.macroF1.value).toBeCloseTo((0.8 + 6 / 9 + 0) / 3, 9)
  expect(metrics.confusions.map(({ expected, predicted, count }) => [expected, predicted, count])).toEqual([
    ['a', 'b', 2],
    ['b', 'a', 1],
    ['c', 'a', 1],
  ])
  expect(metrics.confusions[0]!.share.value).toBeCloseTo(0.2, 9)
})

test('accuracy and macro-F1 lie inside their intervals, and all shares inside 0..1', () => {
  const label = fc.constantFrom('x', 'y', 'z')
  const rows = fc.array(
    fc
      .record({ expected: label, predicted: label })
      .map((one) => ({ expected: [one.expected], predicted: [one.predicted] })),
    { minLength: 1, maxLength: 60 },
  )
  fc.assert(
    fc.property(rows, fc.integer(), (given, seed) => {
      const { accuracy, macroF1, perLabel } = classificationMetrics(given, { random: seededRandom(seed) })
      expect(accuracy.low).toBeLessThanOrEqual(accuracy.value + 1e-12)
      expect(accuracy.high).toBeGreaterThanOrEqual(accuracy.value - 1e-12)
      expect(macroF1.low).toBeLessThanOrEqual(macroF1.high)
      for (const { precision, recall, f1 } of perLabel) {
        for (const { value, low, high } of [precision, recall, f1]) {
          expect(Math.min(value, low)).toBeGreaterThanOrEqual(0)
          expect(Math.max(value, high)).toBeLessThanOrEqual(1)
        }
      }
    }),
    { seed: 41, numRuns: 40 },
  )
})

test('several labels a row count each, and the row is right only where all are', () => {
  const rows = [
    { expected: ['a', 'b'], predicted: ['b', 'a'] },
    { expected: ['a', 'b'], predicted: ['a'] },
  ]
  const metrics = classificationMetrics(rows, { random: seededRandom(2) })
  expect(metrics.accuracy.value).toBe(0.5)
  expect(metrics.perLabel[1]!.recall.value).toBe(0.5)
  expect(metrics.confusions).toEqual([])
})

test('the same seed gives the same intervals', () => {
  const rows = [...row('a', 'a', 30), ...row('a', 'b', 9), ...row('b', 'b', 11)]
  const once = classificationMetrics(rows, { random: seededRandom(3) })
  expect(classificationMetrics(rows, { random: seededRandom(3) })).toEqual(once)
  expect(once.macroF1.low).toBeLessThan(once.macroF1.value)
  expect(once.macroF1.high).toBeGreaterThan(once.macroF1.value)
})
