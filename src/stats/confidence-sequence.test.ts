import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { meanAtAllTimes } from './confidence-sequence.ts'

test('nothing is refuted before the first loss, and the bounds close in on the share', () => {
  expect(meanAtAllTimes(0, 0, 0.05)).toEqual({ low: 0, high: 1 })
  const [few, many] = [meanAtAllTimes(2, 40, 0.05), meanAtAllTimes(500, 10_000, 0.05)]
  expect(few.low).toBeLessThan(0.05)
  expect(few.high).toBeGreaterThan(many.high)
  expect(many.low).toBeGreaterThan(0.04)
  expect(many.high).toBeLessThan(0.06)
})

test('all right or all wrong gives one-sided bounds', () => {
  const [right, wrong] = [meanAtAllTimes(0, 300, 0.05), meanAtAllTimes(300, 300, 0.05)]
  expect(right.low).toBe(0)
  expect(right.high).toBeLessThan(0.03)
  expect(wrong.high).toBe(1)
  expect(wrong.low).toBeCloseTo(1 - right.high, 8)
})

test('in at most 5% of sequences of 2,000 the mean is ever outside, also for losses between 0 and 1', () => {
  const random = seededRandom(3)
  for (const lossOf of [
    () => (random.next() < 0.1 ? 1 : 0),
    () => (random.next() < 0.2 ? random.next() : 0),
  ]) {
    let outside = 0
    for (let sequence = 0; sequence < 200; sequence++) {
      let lossSum = 0
      for (let count = 1; count <= 2000; count++) {
        lossSum += lossOf()
        if (count % 40 !== 0) continue
        const { low, high } = meanAtAllTimes(lossSum, count, 0.05)
        if (low <= 0.1 && 0.1 <= high) continue
        outside++
        break
      }
    }
    expect(outside).toBeLessThanOrEqual(10 + 2 * Math.sqrt(200 * 0.05 * 0.95))
  }
})
