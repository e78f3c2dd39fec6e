import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { confidenceMetrics } from '../eval/confidence.ts'
import type { HeldAside } from '../tier/tier.ts'
import {
  type Calibration,
  calibrationSchema,
  confidenceOf,
  fitCalibration,
  noveltyOf,
} from './calibration.ts'

/** Rows of an overconfident specialist: right with probability s^3. */
function overconfident(count: number, seed: number): readonly HeldAside[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const score = Math.fround(1 - 0.6 * random.next() ** 2)
    return { score, correct: random.next() < score ** 3, noveltyScore: random.normal() }
  })
}

const anyMap = fc.record({
  a: fc.double({ min: 0.05, max: 5, noNaN: true }),
  b: fc.double({ min: 0.05, max: 5, noNaN: true }),
  c: fc.double({ min: -5, max: 5, noNaN: true }),
})

function withMap(confidence: Calibration['confidence']): Calibration {
  return { format: 1, confidence, novelty: { knots: [] } }
}

/** The next float32 above a positive one. */
function nextFloat32(value: number): number {
  const bits = new Int32Array(new Float32Array([value]).buffer)
  bits[0]!++
  return new Float32Array(bits.buffer)[0]!
}

describe('confidence', () => {
  test('is larger for the next larger float32 score, so that no order and no threshold changes', () => {
    fc.assert(
      fc.property(
        anyMap,
        fc.float({ min: Math.fround(1e-6), max: Math.fround(1 - 1e-6), noNaN: true }),
        (map, score) => {
          const calibration = withMap(map)
          const above = nextFloat32(score)
          // Where float64 has no number left between the two, they may only be equal, never turned round.
          const [low, high] = [confidenceOf(calibration, score), confidenceOf(calibration, above)]
          expect(high).toBeGreaterThanOrEqual(low)
          if (low > 1e-6 && 1 - high > 1e-9) expect(high).toBeGreaterThan(low)
        },
      ),
      { seed: 21, numRuns: 2000 },
    )
  })

  test('lies in 0..1 for every score, the ends included', () => {
    fc.assert(
      fc.property(anyMap, fc.double({ min: 0, max: 1, noNaN: true }), (map, score) => {
        const confidence = confidenceOf(withMap(map), score)
        expect(confidence).toBeGreaterThanOrEqual(0)
        expect(confidence).toBeLessThanOrEqual(1)
      }),
      { seed: 22 },
    )
  })

  test('can be read as a probability on rows that it was not fitted on', () => {
    const calibration = fitCalibration(overconfident(1000, 1), [])
    const unseen = overconfident(20_000, 2)
    const correct = unseen.map((row) => row.correct)
    const raw = confidenceMetrics(
      unseen.map((row) => row.score),
      correct,
    )
    const calibrated = confidenceMetrics(
      unseen.map((row) => confidenceOf(calibration, row.score)),
      correct,
    )
    expect(raw.ece).toBeGreaterThan(0.15)
    expect(calibrated.ece).toBeLessThan(0.03)
    expect(calibrated.brier).toBeLessThan(raw.brier)
    expect(calibrated.auroc).toBeCloseTo(raw.auroc!, 9)
  })

  test('of a handful of rows stays near the score', () => {
    const calibration = fitCalibration([{ score: 0.9, correct: true }], [])
    expect(Math.abs(confidenceOf(calibration, 0.9) - 0.9)).toBeLessThan(0.05)
    expect(confidenceOf(fitCalibration([], []), 0.7)).toBeCloseTo(0.7, 6)
  })

  test('does not turn the order round where larger scores were more often wrong', () => {
    const turned = overconfident(500, 3).map((row) => ({ ...row, score: 1 - row.score }))
    const calibration = fitCalibration(turned, [])
    expect(confidenceOf(calibration, 0.6)).toBeGreaterThan(confidenceOf(calibration, 0.4))
  })
})

describe('novelty', () => {
  test('calls at most one held-aside row in a hundred novel, whatever the scores', () => {
    const scores = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.double({ min: -9, max: 9, noNaN: true })),
      {
        minLength: 1,
        maxLength: 500,
      },
    )
    fc.assert(
      fc.property(scores, (noveltyScores) => {
        const calibration = fitCalibration(
          [],
          noveltyScores.map((noveltyScore) => ({ noveltyScore })),
        )
        const novel = noveltyScores.filter((score) => noveltyOf(calibration, score) > 0.99).length
        expect(novel).toBeLessThanOrEqual(0.01 * noveltyScores.length + 1e-9)
      }),
      { seed: 23 },
    )
  })

  test('rises with the score from 0 to 1', () => {
    const calibration = fitCalibration([], overconfident(1000, 4))
    expect(noveltyOf(calibration, -100)).toBe(0)
    expect(noveltyOf(calibration, 0)).toBeCloseTo(0.5, 1)
    expect(noveltyOf(calibration, 100)).toBe(1)
    const scores = Array.from({ length: 400 }, (_, i) => noveltyOf(calibration, (i - 200) / 50))
    expect(scores).toEqual([...scores].sort((a, b) => a - b))
  })

  test('is 0 where all rows looked alike, and where there were none', () => {
    const alike = fitCalibration(
      [],
      Array.from({ length: 50 }, () => ({ noveltyScore: 3 })),
    )
    expect(noveltyOf(alike, 3)).toBe(0)
    expect(noveltyOf(alike, 3.1)).toBe(1)
    expect(noveltyOf(fitCalibration([], []), 5)).toBe(0)
  })
})

test('a calibration survives JSON', () => {
  const calibration = fitCalibration(overconfident(300, 5), overconfident(300, 6))
  expect(calibrationSchema.parse(JSON.parse(JSON.stringify(calibration)))).toEqual(calibration)
})
