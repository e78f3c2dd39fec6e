import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ascendingCopy, quantileOfSorted, upperQuantileOfSorted } from './quantile.ts'
import { auroc } from './ranking.ts'
import { areaUnderRiskCoverage, bestInHindsight, riskCoverageCurve } from './risk-coverage.ts'

const scored = fc.array(fc.record({ score: fc.integer({ min: 0, max: 9 }), positive: fc.boolean() }))

test('AUROC is the share of pairs in the right order, ties counting half', () => {
  fc.assert(
    fc.property(scored, (rows) => {
      const positives = rows.filter((row) => row.positive)
      const negatives = rows.filter((row) => !row.positive)
      let won = 0
      for (const a of positives) {
        for (const b of negatives) won += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0
      }
      const pairs = positives.length * negatives.length
      const value = auroc(rows)
      if (pairs === 0) expect(value).toBeUndefined()
      else expect(value).toBeCloseTo(won / pairs, 9)
    }),
    { seed: 7 },
  )
})

test('at most 1 - share of the numbers lie above the upper quantile', () => {
  const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1 })
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 100 }), (values, percent) => {
      const limit = upperQuantileOfSorted(ascendingCopy(values), percent / 100)
      const above = values.filter((value) => value > limit).length
      expect(above).toBeLessThanOrEqual((1 - percent / 100) * values.length + 1e-9)
    }),
    { seed: 8 },
  )
})

test('quantiles lie between their neighbours', () => {
  expect(quantileOfSorted([1, 2, 3, 4], 0.5)).toBe(2.5)
  expect(quantileOfSorted([1, 2, 3, 4], 0)).toBe(1)
  expect(quantileOfSorted([1, 2, 3, 4], 1)).toBe(4)
  expect(upperQuantileOfSorted([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.7)).toBe(7)
})

test('a risk–coverage curve counts rows of one score together', () => {
  const curve = riskCoverageCurve([
    { score: 0.9, correct: true },
    { score: 0.8, correct: false },
    { score: 0.8, correct: true },
    { score: 0.1, correct: false },
  ])
  expect(curve.map(({ n, errors }) => [n, errors])).toEqual([
    [1, 0],
    [3, 1],
    [4, 2],
  ])
  expect(bestInHindsight(curve, 0.4)?.threshold).toBe(0.8)
  expect(bestInHindsight(curve.slice(1), 0.1)).toBeUndefined()
  expect(areaUnderRiskCoverage(curve)).toBeCloseTo(0 + (1 / 3) * 0.5 + 0.5 * 0.25, 9)
})
