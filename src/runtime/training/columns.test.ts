import { describe, expect, test } from 'vitest'
import { type Column, gatherBatch } from './columns.ts'
import { stepsOf } from './steps.ts'

const starts = Int32Array.of(0, 2, 3, 6)
const ids: Column = { kind: 'ragged', name: 'ids', data: Int32Array.of(1, 2, 3, 4, 5, 6), starts, pad: 9 }
const spec = (name: string, shape: readonly (number | string)[], dtype: 'float32' | 'int32') => ({
  batch: [{ name, shape, dtype }],
  accumulates: false,
})
const place = { first: 0, seed: 0 }
const steps = stepsOf([{ rows: Int32Array.of(2, 0), time: 4 }])
const numbers = (
  column: Column,
  model: ReturnType<typeof spec>,
  of = steps,
  at = place,
): readonly number[] => {
  const tensor = gatherBatch(model, [column], of, at)[column.name]!
  expect(tensor.data.length).toBe(tensor.shape.reduce((size, length) => size * length, 1))
  return Array.from(tensor.data as Int32Array)
}

describe('the tensors of a batch', () => {
  test('are gathered from rows of different lengths and padded', () => {
    expect(numbers(ids, spec('ids', ['batch', 'time'], 'int32'))).toEqual([4, 5, 6, 9, 1, 2, 9, 9])
    const wide: Column = { ...ids, data: Float32Array.from({ length: 12 }, (_, i) => i), pad: 0 }
    expect(numbers(wide, spec('ids', ['batch', 'time', 2], 'float32'))).toEqual([
      6, 7, 8, 9, 10, 11, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0,
    ])
    expect(numbers({ kind: 'mask', name: 'm', starts }, spec('m', ['batch', 'time'], 'float32'))).toEqual([
      1, 1, 1, 0, 1, 1, 0, 0,
    ])
  })

  test('have the same width for all rows where they have no lengths', () => {
    const fixed: Column = { kind: 'fixed', name: 'y', data: Float32Array.of(0, 1, 2, 3, 4, 5) }
    expect(numbers(fixed, spec('y', ['batch', 2], 'float32'))).toEqual([4, 5, 0, 1])
  })

  test('share the loss of a step by weights, of rows or of positions, however it is parted', () => {
    const byRow: Column = { kind: 'share', name: 's', weights: Float32Array.of(1, 1, 3) }
    expect(numbers(byRow, spec('s', ['batch'], 'float32'))).toEqual([0.75, 0.25])
    const byPosition: Column = {
      kind: 'share',
      name: 's',
      weights: Float32Array.of(0, 1, 1, 1, 1, 1),
      starts,
    }
    expect(numbers(byPosition, spec('s', ['batch', 'time'], 'float32'))).toEqual([
      0.25, 0.25, 0.25, 0, 0, 0.25, 0, 0,
    ])
    const parted = stepsOf([{ rows: Int32Array.of(0, 1, 2), time: 4 }], 8)
    expect(
      numbers(byRow, { ...spec('s', ['batch'], 'float32'), accumulates: true }, parted).map((x) =>
        x.toFixed(1),
      ),
    ).toEqual(['0.2', '0.2', '0.6', '0.0'])
  })

  test('weigh nothing in a step of which no row weighs anything, such as a last batch of rows held aside', () => {
    const aside: Column = { kind: 'share', name: 's', weights: Float32Array.of(0, 1, 0) }
    expect(numbers(aside, spec('s', ['batch'], 'float32'))).toEqual([0, 0])
  })

  test('repeat the first row where rows do not fill a micro-batch, or hold zeros there', () => {
    const parted = stepsOf([{ rows: Int32Array.of(0, 1, 2), time: 4 }], 8)
    const model = { ...spec('y', ['batch'], 'float32'), accumulates: true }
    const fixed: Column = { kind: 'fixed', name: 'y', data: Float32Array.of(1, 2, 3) }
    expect(numbers(fixed, model, parted)).toEqual([1, 2, 3, 3])
    expect(numbers({ ...fixed, spare: 'zeros' }, model, parted)).toEqual([1, 2, 3, 0])
  })

  test('drop at the rate, by the seed and the step alone: where a chunk begins does not matter', () => {
    const dropout: Column = { kind: 'dropout', name: 'd', rate: 0.25 }
    const model = spec('d', ['batch', 'time', 1001], 'float32')
    const many = stepsOf(Array(3).fill({ rows: Int32Array.of(0, 1), time: 4 }))
    const together = numbers(dropout, model, many)
    const dropped = together.filter((value) => value === 0).length / together.length
    expect(dropped).toBeGreaterThan(0.24)
    expect(dropped).toBeLessThan(0.26)
    expect(new Set(together).size).toBe(2)
    expect(Math.max(...together)).toBeCloseTo(4 / 3, 6)
    const second = numbers(dropout, model, many.slice(1, 2), { ...place, first: 1 })
    expect(second).toEqual(together.slice(second.length, 2 * second.length))
    expect(numbers(dropout, model, many.slice(0, 1), { first: 0, seed: 1 })).not.toEqual(
      together.slice(0, second.length),
    )
    const choice = numbers({ kind: 'choice', name: 'c', below: 5 }, spec('c', ['batch', 'time', 50], 'int32'))
    expect(new Set(choice)).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  test('that do not fit name what is wrong', () => {
    const short = stepsOf([{ rows: Int32Array.of(2), time: 2 }])
    expect(() => numbers(ids, spec('ids', ['batch', 'time'], 'int32'), short)).toThrow(/ids: row 2 is longer/)
    expect(() => numbers(ids, spec('ids', ['batch', 'time'], 'float32'))).toThrow(/ids is Int32Array/)
    const few: Column = { kind: 'fixed', name: 'y', data: Float32Array.of(0, 1, 2, 3) }
    expect(() => numbers(few, spec('y', ['batch', 2], 'float32'))).toThrow(/y: row 2 is not there/)
    expect(() => gatherBatch(spec('labels', ['batch'], 'int32'), [ids], steps, place)).toThrow(
      /fills .* labels/,
    )
  })
})
