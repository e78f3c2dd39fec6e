import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { mcnemarExact, pairedDifference } from './paired.ts'

test('McNemar has the known exact values', () => {
  expect(mcnemarExact(5, 15)).toBeCloseTo(0.04138946533203125, 9)
  expect(mcnemarExact(0, 3)).toBeCloseTo(0.25, 9)
  expect(mcnemarExact(10, 10)).toBe(1)
  expect(mcnemarExact(40, 70)).toBeCloseTo(0.005447429511444476, 9)
  expect(mcnemarExact(0, 0)).toBe(1)
})

test('a difference has its sign, its interval and its p-value', () => {
  const first = Array.from({ length: 1000 }, (_, row) => row % 10 !== 0)
  const second = Array.from({ length: 1000 }, (_, row) => row % 5 !== 0)
  const lead = pairedDifference(first, second, { random: seededRandom(1) })
  expect(lead.value).toBeCloseTo(0.1, 9)
  expect(lead.low).toBeGreaterThan(0.07)
  expect(lead.high).toBeLessThan(0.13)
  expect(lead.pValue).toBeLessThan(1e-9)
})

test('the interval of a difference covers it in about 95 of 100 samples', () => {
  const random = seededRandom(6)
  let covered = 0
  for (let draw = 0; draw < 300; draw++) {
    const first: boolean[] = []
    const second: boolean[] = []
    for (let row = 0; row < 300; row++) {
      const hard = random.next() < 0.3
      first.push(!hard || random.next() < 0.5)
      second.push(!hard || random.next() < 0.3)
    }
    const { low, high } = pairedDifference(first, second, { random: random.fork(`${draw}`), rounds: 300 })
    if (low <= 0.06 && 0.06 <= high) covered++
  }
  expect(covered / 300).toBeGreaterThan(0.9)
})

test('equal predictors have no difference, and no rows say nothing', () => {
  const same = [true, false, true]
  expect(pairedDifference(same, same, { random: seededRandom(1) })).toEqual({
    value: 0,
    low: 0,
    high: 0,
    pValue: 1,
  })
  expect(pairedDifference([], [], { random: seededRandom(1) }).pValue).toBe(1)
})
