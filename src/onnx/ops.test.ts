import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { type AxisSizes, dimSize, product } from '../graph/dim.ts'
import { gradients } from '../graph/gradients.ts'
import * as g from '../graph/ops.ts'
import { evaluate, type ReferenceFeeds } from '../graph/reference.contract.ts'
import type { OpName, Value } from '../graph/value.ts'
import { lowerInference } from './lower-inference.ts'
import { allOutputs, type OpCase, opCase, opNames } from './op-cases.contract.ts'
import { runOnce } from './run.contract.ts'

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  time: fc.integer({ min: 1, max: 4 }),
  width: fc.integer({ min: 2, max: 4 }),
  seed: fc.nat(),
})

async function onRandomShapes(name: OpName, check: (one: OpCase, feeds: ReferenceFeeds) => Promise<void>) {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ width, seed, ...sizes }) => {
      const one = opCase(name, sizes, width, seededRandom(seed))
      await check(one, { tensors: one.feeds, sizes })
    }),
    { seed: 5, numRuns: 4 },
  )
}

const weights = new Map([['weights', Float32Array.of(3, 1, 2, 5)]])

describe.each(opNames)('the operation %s', (name) => {
  test.each(['cpu', 'portable'] as const)(
    'computes what its reference does, lowered for %s',
    async (target) => {
      await onRandomShapes(name, async ({ values, feeds }, reference) => {
        const outputs = values.flatMap(allOutputs)
        const named = Object.fromEntries(outputs.map((value, i) => [`y${i}`, value]))
        const parameters = { weights: { shape: [4], data: [3, 1, 2, 5] } }
        if (name === 'parameter') expect(outputs[0]!.shape).toHaveLength(1)
        const tensors = name === 'parameter' ? cutWeights(outputs[0]!) : weights
        const got = await runOnce(lowerInference(named, tensors, { target }), feeds)
        const expected = evaluate(outputs, {
          ...reference,
          tensors: { ...parameters, ...cutReference(tensors), ...reference.tensors },
        })
        expected.forEach(({ shape, data }, i) => {
          expect(shape).toEqual(outputs[i]!.shape.map((dim) => dimSize(dim, reference.sizes)))
          expectNear(got[`y${i}`]!, data, 5e-6)
        })
      })
    },
  )

  test('has gradients equal to finite differences', async () => {
    await onRandomShapes(name, async ({ values, feeds, differentiated }, reference) => {
      if (differentiated.length === 0) return
      const loss = weightedSum(values, reference.sizes)
      const parts = gradients(loss, differentiated).map((value, i) => [`d${i}`, value] as const)
      const named = { loss, ...Object.fromEntries(parts) }
      const got = await runOnce(lowerInference(named, weights), feeds)
      differentiated.forEach((input, i) => {
        expectNear(got[`d${i}`]!, finiteDifferences(loss, input, reference), 3e-5)
      })
    })
  })
})

function cutWeights(value: Value): ReadonlyMap<string, Float32Array> {
  return new Map([['weights', Float32Array.of(3, 1, 2, 5).slice(0, Number(value.shape[0]))]])
}

function cutReference(tensors: ReadonlyMap<string, Float32Array>) {
  const entries = [...tensors].map(
    ([name, data]) => [name, { shape: [data.length], data: [...data] }] as const,
  )
  return Object.fromEntries(entries)
}

/** A scalar in which every element of every value has a weight of its own, sin(1, 2, 3 …). */
function weightedSum(values: readonly Value[], sizes: AxisSizes): Value {
  const sums = values.map((value) => {
    const size = value.shape.reduce<number>((total, dim) => total * dimSize(dim, sizes), 1)
    const flat = g.reshape(value, [product(...value.shape)])
    const factors = g.constant(
      Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i + 1)),
      [4096],
    )
    const end = flat.shape[0]!
    const weighted = g.mul(flat, g.slice(factors, { axis: 0, start: 0, end }))
    expect(size).toBeLessThan(4096)
    return g.reduceSum(weighted, [0])
  })
  return sums.reduce((total, next) => g.add(total, next))
}

function finiteDifferences(loss: Value, input: Value, feeds: ReferenceFeeds): readonly number[] {
  const { op } = input.node
  if (op.kind !== 'input') throw new TypeError('only inputs are moved')
  const tensor = feeds.tensors[op.name]!
  const moved = (i: number, by: number): number => {
    const data = tensor.data.map((x, j) => (i === j ? x + by : x))
    return evaluate([loss], { ...feeds, tensors: { ...feeds.tensors, [op.name]: { ...tensor, data } } })[0]!
      .data[0]!
  }
  return tensor.data.map((_, i) => (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5)
}

function expectNear(got: Float32Array, expected: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length)
  const scale = Math.max(1, ...expected.map(Math.abs))
  const worst = Math.max(0, ...expected.map((x, i) => Math.abs(x - got[i]!)))
  expect(worst / scale).toBeLessThan(tolerance)
}
