import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { planBatches } from './batches.ts'
import { sameShapeFrom, stepsOf } from './steps.ts'

const lengthsOf = fc.array(fc.integer({ min: 0, max: 130 }), { minLength: 1, maxLength: 300 })
const options = fc.record({
  seed: fc.nat(),
  epochs: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 40 }),
  tokens: fc.integer({ min: 1, max: 4000 }),
  width: fc.integer({ min: 1, max: 32 }),
})

describe('batches of rows by length', () => {
  test('take every row once an epoch, at a length that it fits into, within rows and tokens', () => {
    fc.assert(
      fc.property(lengthsOf, options, (lengths, wanted) => {
        const batches = planBatches(lengths, wanted)
        const counts = new Int32Array(lengths.length)
        for (const { rows, time } of batches) {
          for (const row of rows) {
            counts[row]!++
            expect(lengths[row]).toBeLessThanOrEqual(time)
          }
          expect(time % wanted.width).toBe(0)
          expect(rows.length).toBeGreaterThan(0)
          expect(rows.length).toBeLessThanOrEqual(wanted.rows)
          if (rows.length > 1) expect(rows.length * time).toBeLessThanOrEqual(wanted.tokens)
        }
        expect(counts.every((count) => count === wanted.epochs)).toBe(true)
      }),
    )
  })

  test('are padded by less than a width, save for the few rows that do not fill a batch of their own', () => {
    fc.assert(
      fc.property(lengthsOf, options, (lengths, wanted) => {
        const batches = planBatches(lengths, { ...wanted, epochs: 1, tokens: 1e9 })
        const widths = new Set(lengths.map((length) => Math.max(1, Math.ceil(length / wanted.width))))
        const padded = batches.flatMap(({ rows, time }) =>
          [...rows].filter((row) => time - Math.max(1, lengths[row]!) >= wanted.width),
        )
        // Each width hands on less than a batch.
        expect(padded.length).toBeLessThanOrEqual((widths.size - 1) * (wanted.rows - 1))
        // All but the last are full.
        expect(batches.filter(({ rows }) => rows.length < wanted.rows).length).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('are the same for a seed, and others in another epoch and for another seed', () => {
    const lengths = Array.from({ length: 200 }, (_, i) => 1 + (i % 40))
    const plan = (seed: number) =>
      planBatches(lengths, { seed, epochs: 2, rows: 8 }).map(({ rows, time }) => `${time}: ${rows.join()}`)
    expect(plan(3)).toEqual(plan(3))
    expect(plan(3)).not.toEqual(plan(4))
    const [first, second] = [plan(3).slice(0, plan(3).length / 2), plan(3).slice(plan(3).length / 2)]
    expect(first).not.toEqual(second)
  })

  test('do not come in the order of their lengths, and yet share calls of the runtime', () => {
    const random = seededRandom(0)
    const lengths = Array.from({ length: 4000 }, () => 1 + random.below(64))
    const batches = planBatches(lengths, { seed: 0, epochs: 1, rows: 16, run: 4 })
    const half = batches.length / 2
    const mean = (part: typeof batches) => part.reduce((sum, { time }) => sum + time, 0) / part.length
    expect(Math.abs(mean(batches.slice(0, half)) - mean(batches.slice(half)))).toBeLessThan(8)
    const steps = stepsOf(batches)
    let calls = 0
    for (let at = 0; at < steps.length; at += sameShapeFrom(steps, at, 100)) calls++
    expect(steps.length / calls).toBeGreaterThan(3)
  })
})

describe('steps', () => {
  test('part a batch into micro-batches of one size, as few as fit', () => {
    const batch = { rows: Int32Array.from({ length: 10 }, (_, i) => i), time: 8 }
    const shapes = (tokens?: number) => {
      const [step] = stepsOf([batch], tokens)
      return [step!.microBatches, step!.microRows]
    }
    expect([shapes(), shapes(80), shapes(79), shapes(32), shapes(1)]).toEqual([
      [1, 10],
      [1, 10],
      [2, 5],
      [3, 4],
      [10, 1],
    ])
  })
})
