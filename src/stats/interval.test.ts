import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { wilson } from './interval.ts'

test('Wilson has the known values', () => {
  // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  const known = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const
  for (const [successes, trials, low, high] of known) {
    const interval = wilson(successes, trials)
    expect(interval.low).toBeCloseTo(low, 4)
    expect(interval.high).toBeCloseTo(high, 4)
  }
})

test('Wilson covers a share in about 95 of 100 samples', () => {
  const random = seededRandom(5)
  let covered = 0
  for (let draw = 0; draw < 2000; draw++) {
    let successes = 0
    for (let i = 0; i < 200; i++) if (random.next() < 0.1) successes++
    const { low, high } = wilson(successes, 200)
    if (low <= 0.1 && 0.1 <= high) covered++
  }
  expect(covered / 2000).toBeGreaterThan(0.93)
  expect(covered / 2000).toBeLessThan(0.975)
})

test('all successes reach 1 exactly, and no trials say nothing', () => {
  expect(wilson(7, 7).high).toBe(1)
  expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 })
})
