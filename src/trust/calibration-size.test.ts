import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseSplitSizes, examplesFor, mostCalibrationRows } from './calibration-size.ts'

const target = { risk: 0.02, delta: 0.05 }

test('the parts are all of the rows, and most of them are trained on', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 100_000 }),
      fc.double({ min: 0.001, max: 0.2, noNaN: true }),
      fc.boolean(),
      (rows, risk, hasTestFile) => {
        const sizes = chooseSplitSizes(rows, { risk, delta: 0.05 }, { hasTestFile })
        expect(sizes.train + sizes.calibration + sizes.test).toBe(rows)
        expect(Math.min(sizes.train, sizes.calibration, sizes.test)).toBeGreaterThanOrEqual(0)
        expect(sizes.train).toBeGreaterThanOrEqual(rows / 2)
        if (hasTestFile) expect(sizes.test).toBe(0)
      },
    ),
    { seed: 31 },
  )
})

test('a task of banking77 size keeps 2,500 rows, one of 600 rows enough for a chance', () => {
  expect(chooseSplitSizes(10_003, target, { hasTestFile: true }).calibration).toBe(2500)
  expect(chooseSplitSizes(600, target, { hasTestFile: false })).toEqual({
    train: 300,
    calibration: 240,
    test: 60,
  })
  expect(chooseSplitSizes(1_000_000, target, { hasTestFile: false }).calibration).toBe(2500)
})

test('the examples for a number of calibration rows are the fewest that give it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: mostCalibrationRows(target) }),
      fc.boolean(),
      (wanted, hasTestFile) => {
        const all = examplesFor(wanted, target, { hasTestFile })
        expect(chooseSplitSizes(all, target, { hasTestFile }).calibration).toBeGreaterThanOrEqual(wanted)
        expect(chooseSplitSizes(all - 1, target, { hasTestFile }).calibration).toBeLessThan(wanted)
      },
    ),
    { seed: 32 },
  )
})
