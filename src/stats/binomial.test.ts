import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  binomialCdf,
  clopperPearsonLower,
  clopperPearsonUpper,
  errorlessRows,
  mostErrors,
} from './binomial.ts'

/** successes, trials, delta, upper and lower Clopper-Pearson bound from SciPy's beta.ppf. */
const knownBounds = [
  [0, 149, 0.05, 0.019904816220685077, 0],
  [9, 800, 0.05, 0.01954927044498868, 0.005881210237106677],
  [3, 10, 0.025, 0.6524528500599973, 0.06673951117773447],
  [1, 2, 0.05, 0.9746794344808963, 0.02532056551910361],
  [50, 3080, 0.05, 0.020503321879390107, 0.01267160750336733],
  [100000, 5000000, 0.01, 0.02014613136836982, 0.01985462606670646],
  [0, 1, 0.05, 0.95, 0],
  [999, 1000, 0.05, 0.999948708021091, 0.9952650064245002],
] as const

test('Clopper-Pearson bounds have the known values to 1e-9', () => {
  for (const [successes, trials, delta, upper, lower] of knownBounds) {
    expect(Math.abs(clopperPearsonUpper(successes, trials, delta) - upper)).toBeLessThan(1e-9)
    expect(Math.abs(clopperPearsonLower(successes, trials, delta) - lower)).toBeLessThan(1e-9)
  }
})

test('the binomial distribution is the sum of its terms', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      (trials, p) => {
        let term = (1 - p) ** trials
        let sum = term
        for (let k = 0; k < trials; k++) {
          expect(binomialCdf(k, trials, p)).toBeCloseTo(sum, 9)
          term *= ((trials - k) / (k + 1)) * (p / (1 - p))
          sum += term
        }
        expect(binomialCdf(trials, trials, p)).toBe(1)
        expect(binomialCdf(-1, trials, p)).toBe(0)
      },
    ),
    { seed: 3, numRuns: 50 },
  )
})

test('149 errorless rows are the least for a risk of 2% at confidence 95%', () => {
  expect(errorlessRows(0.02, 0.05)).toBe(149)
  expect(mostErrors(148, 0.02, 0.05)).toBeUndefined()
  expect(mostErrors(149, 0.02, 0.05)).toBe(0)
  expect(mostErrors(0, 0.02, 0.05)).toBeUndefined()
})

test('the most errors are those whose exact upper bound is within the risk', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 0.005, max: 0.5, noNaN: true }),
      fc.double({ min: 0.001, max: 0.3, noNaN: true }),
      (trials, risk, delta) => {
        const most = mostErrors(trials, risk, delta)
        if (most !== undefined)
          expect(clopperPearsonUpper(most, trials, delta)).toBeLessThanOrEqual(risk + 1e-9)
        const next = (most ?? -1) + 1
        expect(clopperPearsonUpper(next, trials, delta)).toBeGreaterThan(risk - 1e-9)
      },
    ),
    { seed: 4, numRuns: 300 },
  )
})

test('a count that cannot be is refused', () => {
  expect(() => clopperPearsonUpper(3, 2, 0.05)).toThrow('3 of 2')
})
