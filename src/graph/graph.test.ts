import { describe, expect, test } from 'vitest'
import { product } from './dim.ts'
import { gradients, orderedNodes } from './gradients.ts'
import * as g from './ops.ts'
import { type LearningRateSchedule, learningRateAt } from './schedule.ts'

describe('named axes', () => {
  test('a product has one form, whatever the order of its factors', () => {
    expect(product('time', 2, 'batch', 3)).toBe('6*batch*time')
    expect(product('batch*time', 'heads')).toBe(product('heads', 'time', 'batch'))
    expect(product(2, 3)).toBe(6)
  })
})

describe('a shape that does not fit is refused where the node is built', () => {
  const x = g.input('x', ['batch', 'time', 384])
  test.each([
    ['matmul: inner axis: 384 ≠ 64', () => g.matmul(x, g.parameter('w', [64, 10]))],
    ['matmul: batch axes: [batch] ≠ [4]', () => g.matmul(x, g.input('y', [4, 384, 2]))],
    [
      'add: axis 1 of [batch, time, 384] and [batch, 64, 384]: time ≠ 64',
      () => g.add(x, g.input('y', ['batch', 64, 384])),
    ],
    [
      'elements of [batch, time, 384] and [batch, 384]: 384*batch*time ≠ 384*batch',
      () => g.reshape(x, ['batch', 384]),
    ],
    [
      'layerNormalization: shape of the gain: [12] ≠ [384]',
      () => g.layerNormalization(x, g.parameter('a', [12]), g.parameter('b', [384]), { epsilon: 1e-5 }),
    ],
    [
      'linear: shape of the bias: [9] ≠ [10]',
      () => g.linear(x, g.parameter('w', [384, 10]), g.parameter('b', [9])),
    ],
    ['gather: type of input 1: float32 ≠ int32', () => g.gather(g.parameter('t', [9, 2]), x)],
    [
      'width 384 of the queries is not a multiple of 7 heads',
      () => g.attention(x, x, x, { heads: 7, bias: g.scalar(0) }),
    ],
    [
      'attention: time of keys and values: time ≠ 64',
      () => g.attention(x, x, g.input('v', ['batch', 64, 384]), { heads: 12, bias: g.scalar(0) }),
    ],
    ['slice: 1 to 400 is not within axis 2', () => g.slice(x, { axis: 2, start: 1, end: 400 })],
    ['transpose: [0,2] does not order the axes of [batch, time, 384]', () => g.transpose(x, [0, 2])],
    [
      'concat: [batch, time, 384] and [batch, 384] along axis 0',
      () => g.concat([x, g.input('y', ['batch', 384])], 0),
    ],
  ] as const)('%s', (message, build) => {
    expect(build).toThrow(message)
  })
})

describe('gradients', () => {
  test('nothing is computed below what trains', () => {
    const frozen = g.parameter('frozen', [4, 4])
    const head = g.parameter('head', [4, 2])
    const below = g.tanh(g.matmul(g.input('x', ['batch', 4]), frozen))
    const loss = g.reduceSum(g.matmul(below, head), [0, 1])
    const kinds = orderedNodes(gradients(loss, [head])).map(({ op }) => op.kind)
    expect(kinds.filter((kind) => kind === 'matmul')).toHaveLength(2)
    expect(kinds).not.toContain('mul')
  })

  test('a parameter that the loss does not depend on is named', () => {
    const loss = g.reduceSum(g.parameter('a', [2]), [0])
    expect(() => gradients(loss, [g.parameter('b', [2])])).toThrow('does not depend on b')
  })

  test('a chain of 20,000 operations does not exhaust the stack', () => {
    const start = g.parameter('a', [])
    let x = start
    for (let i = 0; i < 20_000; i++) x = g.tanh(x)
    expect(gradients(x, [start])[0]!.shape).toEqual([])
  })
})

describe('learning rates', () => {
  const learningRates = (schedule: LearningRateSchedule): readonly number[] =>
    Array.from({ length: schedule.steps }, (_, step) => learningRateAt(schedule, step))

  test('warm up in equal steps and fall linearly to just above zero', () => {
    const rates = learningRates({ kind: 'linear', peak: 1, warmupSteps: 4, steps: 8 })
    expect(rates).toEqual([0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25])
  })

  test('fall as half a cosine', () => {
    const rates = learningRates({ kind: 'cosine', peak: 2, warmupSteps: 0, steps: 4 })
    expect(rates[0]).toBe(2)
    expect(rates[2]).toBeCloseTo(1)
    expect(rates[3]).toBeGreaterThan(0)
  })
})
