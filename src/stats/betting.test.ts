import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { bettingUpper, rejectsMean } from './betting.ts'
import { clopperPearsonUpper } from './binomial.ts'
import { isWithin, simulatedShare } from './simulation.ts'

const seen = (values: readonly number[]) => ({ values, count: values.length })

describe('a mean that is the one that is tested is rejected at most as often as delta says', () => {
  const random = seededRandom(4)
  const below = (mean: number, size: number): number => (random.next() < mean / size ? size : 0)
  const draws: Record<string, () => number> = {
    'wholly wrong or right': () => below(0.02, 1),
    'a quarter wrong or right': () => below(0.02, 0.25),
    'a little wrong nearly always': () => 0.019 + below(0.001, 1),
    'wrong parts of all sizes': () => (random.next() < 0.04 ? random.next() : 0),
  }
  for (const [name, draw] of Object.entries(draws)) {
    test(name, () => {
      let rejected = 0
      for (let round = 0; round < 800; round++)
        if (rejectsMean(seen(Array.from({ length: 400 }, draw)), 0.02, 0.05)) rejected++
      const share = simulatedShare(rejected, 800, 0.05)
      expect(isWithin(share, 0.05), `${share.share} of the rounds`).toBe(true)
    })
  }
})

test('the bound is where rejecting begins, above what was seen, and nearer with more values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
      (values) => {
        const bound = bettingUpper(seen(values), 0.05)
        expect(bound).toBeGreaterThan(0)
        expect(bound).toBeLessThanOrEqual(1)
        if (bound < 0.999) expect(rejectsMean(seen(values), bound + 1e-4, 0.05)).toBe(true)
      },
    ),
    { seed: 6, numRuns: 60 },
  )
  expect(bettingUpper(seen([]), 0.05)).toBe(1)
  expect(bettingUpper(seen(Array(150).fill(0)), 0.05)).toBeLessThan(0.0201)
  expect(bettingUpper(seen(Array(1000).fill(0)), 0.05)).toBeLessThan(0.0035)
})

test('where a quarter of an answer is wrong the bound is far below that of answers that are not wholly right', () => {
  const values = Array.from({ length: 800 }, (_, at) => (at % 25 === 0 ? 0.25 : 0))
  expect(bettingUpper(seen(values), 0.05)).toBeLessThan(0.02)
  expect(clopperPearsonUpper(32, 800, 0.05)).toBeGreaterThan(0.05)
})
