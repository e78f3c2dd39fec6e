import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { chiSquareTail, sameSource } from './chi-square.ts'

test('the tail is that of the tables', () => {
  // Table values: 5% points, and exact exponentials for two degrees of freedom.
  expect(chiSquareTail(3.841458820694124, 1)).toBeCloseTo(0.05, 10)
  expect(chiSquareTail(16.918977604620448, 9)).toBeCloseTo(0.05, 10)
  expect(chiSquareTail(100, 2)).toBeCloseTo(Math.exp(-50), 30)
  expect(chiSquareTail(0, 5)).toBe(1)
})

test('histograms of one source differ at 1% in about 1% of pairs, and those of others are told apart', () => {
  const random = seededRandom(5)
  const draw = (count: number, shift: number): number[] => {
    const bins = Array.from({ length: 8 }, () => 0)
    for (let i = 0; i < count; i++) bins[Math.floor(8 * random.next() ** (1 + shift))]!++
    return bins
  }
  let differ = 0
  for (let pair = 0; pair < 1000; pair++) if (sameSource(draw(400, 0), draw(250, 0)) < 0.01) differ++
  expect(differ).toBeLessThan(10 + 3 * Math.sqrt(10))
  expect(sameSource(draw(400, 0), draw(250, 0.6))).toBeLessThan(1e-4)
})

test('empty histograms and one common bin say nothing', () => {
  expect(sameSource([0, 0], [3, 4])).toBe(1)
  expect(sameSource([5, 0], [3, 0])).toBe(1)
})
