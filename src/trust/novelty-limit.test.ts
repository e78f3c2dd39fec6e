import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { fitCalibration, noveltyOf } from './calibration.ts'
import { noveltyLimitFor } from './novelty-limit.ts'

test('the limit comes near to 99% with many rows and is above all of few', () => {
  expect(noveltyLimitFor(100_000)).toBeCloseTo(0.9904, 3)
  expect(noveltyLimitFor(2000)).toBe(1 - 13 / 2000)
  expect(noveltyLimitFor(100)).toBe(0.995)
  expect(noveltyLimitFor(0)).toBe(0.5)
})

test.each([300, 2000])(
  'where %i rows are held aside, one in a hundred others is novel or fewer, eight times in ten',
  (count) => {
    const random = seededRandom(count)
    const draw = (): number => random.normal() + (random.next() < 0.05 ? 3 : 0)
    let more = 0
    const draws = 200
    for (let i = 0; i < draws; i++) {
      const calibration = fitCalibration(
        [],
        Array.from({ length: count }, () => ({ noveltyScore: draw() })),
      )
      const limit = noveltyLimitFor(count)
      const novel = Array.from({ length: 4000 }, () => noveltyOf(calibration, draw()) > limit)
      if (novel.filter(Boolean).length > 0.01 * 4000) more++
    }
    expect(more / draws).toBeLessThan(0.2)
  },
)

test('what lies beyond all rows held aside is always novel', () => {
  for (const count of [1, 20, 500]) {
    const calibration = fitCalibration(
      [],
      Array.from({ length: count }, (_, at) => ({ noveltyScore: at })),
    )
    expect(noveltyOf(calibration, count + 1)).toBeGreaterThan(noveltyLimitFor(count))
  }
})
