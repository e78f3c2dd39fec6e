import fc from 'fast-check'
import { expect, test } from 'vitest'
import { betaQuantile, regularizedBeta } from './beta.ts'

/** x, a, b, I_x(a, b) from SciPy 1.x (Boost's ibeta). */
const known = [
  [0.5, 0.5, 0.5, 0.5000000000000001],
  [0.02, 1, 149, 0.9507183456699104],
  [0.98, 790, 11, 0.07534454037697275],
  [0.3, 2, 5, 0.5798250000000003],
  [0.999, 3, 0.2, 0.6685414839010846],
  [0.0201, 20001, 980001, 0.7607001978666885],
  [1e-5, 2, 3, 5.999920000300001e-10],
] as const

test('the incomplete beta function has the known values to 1e-9 of themselves', () => {
  for (const [x, a, b, value] of known) {
    expect(Math.abs(regularizedBeta(x, a, b) / value - 1), `I_${x}(${a}, ${b})`).toBeLessThan(1e-9)
  }
})

test('the quantile inverts it', () => {
  const shape = fc.double({ min: 1, max: 5000, noNaN: true })
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), shape, shape, (probability, a, b) => {
      expect(regularizedBeta(betaQuantile(probability, a, b), a, b)).toBeCloseTo(probability, 8)
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('I_x(a, b) and I_{1-x}(b, a) sum to one', () => {
  const shape = fc.double({ min: 0.3, max: 1e5, noNaN: true })
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), shape, shape, (x, a, b) => {
      expect(regularizedBeta(x, a, b) + regularizedBeta(1 - x, b, a)).toBeCloseTo(1, 9)
    }),
    { seed: 2, numRuns: 300 },
  )
})
