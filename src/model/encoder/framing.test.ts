import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lengthBatches, padBatch } from './framing.ts'

describe('batches of texts', () => {
  test('have every text once, shortest first, within the limits of rows and tokens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 200 }),
        (lengths, rows, tokens) => {
          const batches = lengthBatches(lengths, { rows, tokens })
          const order = batches.flatMap((batch) => [...batch])
          expect([...order].sort((a, b) => a - b)).toEqual([...lengths.keys()])
          const inOrder = order.map((row) => lengths[row]!)
          expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
          for (const batch of batches) {
            expect(batch.length).toBeLessThanOrEqual(rows)
            const longest = lengths[batch.at(-1)!]!
            expect(batch.length === 1 || batch.length * longest <= tokens).toBe(true)
          }
        },
      ),
    )
  })

  test('are padded to their longest text, and the mask says which tokens are real', () => {
    const batch = padBatch([Int32Array.of(5, 6, 7), Int32Array.of(8)], 1)
    expect(batch).toEqual({
      ...{ rows: 2, time: 3 },
      ids: Int32Array.of(5, 6, 7, 8, 1, 1),
      mask: Float32Array.of(1, 1, 1, 1, 0, 0),
    })
  })
})
