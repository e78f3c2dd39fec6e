import { describe, expect, test } from 'vitest'
import * as g from '../../graph/ops.ts'
import { activationBytes } from './activations.ts'
import { checkMemory, fittingMicroTokens, planMemory } from './memory.ts'
import { tinyRun } from './tiny-training.contract.ts'

const mib = 2 ** 20
const batchOf = (rows: number, time: number) => ({ rows: new Int32Array(rows), time })

/** A pass takes a MiB for every 16 positions, and the rest next to nothing. */
function run(batches: readonly { readonly rows: Int32Array; readonly time: number }[]) {
  const activation = ({ batch, time }: { batch: number; time: number }): number => (batch * time * mib) / 16
  return { ...tinyRun(), batches, activationBytes: activation }
}

describe('positions that are computed at once', () => {
  test('are those that fit of the longest texts: short texts, whose batches fit whole, do not make them fewer', () => {
    const planned = run([batchOf(32, 8), batchOf(32, 128), batchOf(1, 64)])
    const fixed = planMemory(planned).totalBytes - planMemory(planned).activation.bytes
    const sixteenRows = planMemory({ ...planned, batches: [batchOf(16, 128)] }).activation.bytes
    const microTokens = fittingMicroTokens(planned, fixed + sixteenRows)
    expect(microTokens).toBe(16 * 128)
    const parted = planMemory({ ...planned, microTokens: microTokens! })
    expect(parted.activation).toMatchObject({ batch: 16, time: 128 })
    expect(() =>
      checkMemory({ ...planned, microTokens: microTokens! }, parted, fixed + sixteenRows),
    ).not.toThrow()
  })

  test('are all of the largest batch where everything fits, and none where one row does not', () => {
    const planned = run([batchOf(32, 8), batchOf(4, 128)])
    expect(fittingMicroTokens(planned, 2 ** 40)).toBe(512)
    const fixed = planMemory(planned).totalBytes - planMemory(planned).activation.bytes
    expect(fittingMicroTokens(planned, fixed)).toBeUndefined()
  })
})

describe('bytes that values take while a graph runs', () => {
  const x = g.input('x', ['batch', 4])
  const axes = { batch: 10 }
  const own = 10 * 4 * 4

  test('are those alive at once: what was used last is given up, results and inputs are counted elsewhere', () => {
    expect(activationBytes([x], axes)).toBe(0)
    expect(activationBytes([g.exp(x)], axes)).toBe(0)
    expect(activationBytes([g.exp(g.exp(x))], axes)).toBe(own)
    // While the second is computed the first is still there; then it goes, and so on.
    expect(activationBytes([g.exp(g.exp(g.exp(g.exp(x))))], axes)).toBe(2 * own)
  })

  test('hold what a backward pass uses again, and count another shape of the same numbers once', () => {
    const first = g.exp(x)
    const kept = g.mul(g.exp(g.exp(first)), first)
    expect(activationBytes([kept], axes)).toBe(3 * own)
    const reshaped = g.reshape(g.exp(x), ['batch', 2, 2])
    expect(activationBytes([g.exp(reshaped)], axes)).toBe(own)
    expect(activationBytes([g.exp(g.mul(reshaped, reshaped))], axes)).toBe(2 * own)
  })

  test('grow with the axes of the run, and are a byte for what is true or false', () => {
    const condition = g.greater(x, g.scalar(0))
    expect(activationBytes([g.where(condition, x, x)], axes)).toBe(own / 4)
    expect(activationBytes([g.where(condition, x, x)], { batch: 1000 })).toBe(1000 * 4)
  })
})
