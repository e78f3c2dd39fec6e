import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { crossEntropy } from '../graph/losses.ts'
import * as g from '../graph/ops.ts'
import { adamW, type Optimizer } from '../graph/optimizer.ts'
import type { TrainingStep } from '../graph/training-step.ts'
import { lowerInference } from './lower-inference.ts'
import { lowerTraining, type TrainingModel } from './lower-training.ts'
import { type Fed, loadModel, type Outputs, runOnce } from './run.contract.ts'

const floats = (shape: readonly number[], data: readonly number[]): Fed => ({ dtype: 'float32', shape, data })

/** loss = Σ weight · (w · x − y)², on which everything can be worked out by hand. */
const line = (() => {
  const [w, x, y, share] = [
    g.parameter('w', [3]),
    g.input('x', ['rows', 3]),
    g.input('y', ['rows']),
    g.input('share', ['rows']),
  ]
  const error = g.sub(g.reduceSum(g.mul(x, w), [1]), y)
  return { w, loss: g.reduceSum(g.mul(g.mul(error, error), share), [0]) }
})()

interface Rows {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

function gradientOfLine(w: readonly number[], { x, y }: Rows): number[] {
  const errors = y.map(
    (target, row) => w.reduce((sum, weight, i) => sum + weight * x[row * 3 + i]!, 0) - target,
  )
  return w.map((_, i) =>
    errors.reduce((sum, error, row) => sum + (2 * error * x[row * 3 + i]!) / y.length, 0),
  )
}

const start = [0.5, -0.25, 1]
const random = seededRandom(4)
const stepRows = Array.from(
  { length: 5 },
  (): Rows => ({
    x: Array.from({ length: 12 }, () => Math.fround(random.normal())),
    y: Array.from({ length: 4 }, () => Math.fround(random.normal() * 3)),
  }),
)
const rates = [0.01, 0.02, 0.03, 0.02, 0.01].map(Math.fround)

function starting(model: TrainingModel, tensors: { readonly [name: string]: readonly number[] }) {
  const entries = model.state.map(({ name, shape, start }) => {
    const size = shape.reduce((product, dim) => product * dim, 1)
    const data = start === 'zeros' ? new Array<number>(size).fill(0) : tensors[name]!
    return [name, floats(shape, data)] as const
  })
  return Object.fromEntries(entries)
}

function following(model: TrainingModel, outputs: Outputs) {
  const entries = model.state.map(
    ({ name, shape }) => [name, floats(shape, [...outputs[`${name}.next`]!])] as const,
  )
  return Object.fromEntries(entries)
}

function batches(rows: readonly Rows[], microBatches?: number) {
  const leading = microBatches === undefined ? [rows.length] : [rows.length, microBatches]
  const size = 4 / (microBatches ?? 1)
  return {
    x: floats(
      [...leading, size, 3],
      rows.flatMap(({ x }) => x),
    ),
    y: floats(
      [...leading, size],
      rows.flatMap(({ y }) => y),
    ),
    share: floats(
      [...leading, size],
      rows.flatMap(() => [0.25, 0.25, 0.25, 0.25]),
    ),
  }
}

async function trainLine(
  options: Partial<TrainingStep> & { readonly optimizer: Optimizer },
  microBatches?: number,
) {
  const trained = [{ parameter: line.w, weightDecay: 0.1, rate: 0.5 }]
  const step = { loss: line.loss, trained, accumulates: microBatches !== undefined, ...options }
  const model = lowerTraining(step, new Map())
  const feeds = {
    ...starting(model, { w: start }),
    ...batches(stepRows, microBatches),
    learningRate: floats([5], rates),
  }
  return { model, outputs: await runOnce(model.bytes, feeds) }
}

function expectNear(got: Float32Array, expected: readonly number[]): void {
  expect(got).toHaveLength(expected.length)
  expected.forEach((x, i) => {
    expect(got[i]).toBeCloseTo(x, 5)
  })
}

/** AdamW as its paper writes it, in double precision. */
function adamWByHand(clipNorm: number): { w: number[]; norms: number[] } {
  let w = start
  let [mean, square] = [
    [0, 0, 0],
    [0, 0, 0],
  ]
  const norms: number[] = []
  stepRows.forEach((rows, step) => {
    const raw = gradientOfLine(w, rows)
    const norm = Math.hypot(...raw)
    norms.push(norm)
    const d = raw.map((x) => x * Math.min(1, clipNorm / norm))
    mean = mean.map((m, i) => 0.9 * m + 0.1 * d[i]!)
    square = square.map((v, i) => 0.999 * v + 0.001 * d[i]! ** 2)
    const rate = rates[step]! * 0.5
    w = w.map((weight, i) => {
      const direction =
        mean[i]! / (1 - 0.9 ** (step + 1)) / (Math.sqrt(square[i]! / (1 - 0.999 ** (step + 1))) + 1e-8)
      return weight - rate * (direction + 0.1 * weight)
    })
  })
  return { w, norms }
}

describe('several steps in one run', () => {
  test('are those of AdamW by hand, with decay, a rate of its own and clipping', async () => {
    const { outputs } = await trainLine({ optimizer: adamW, clipNorm: 2 })
    const expected = adamWByHand(2)
    expect(expected.norms.some((norm) => norm > 2)).toBe(true)
    expectNear(outputs['w.next']!, expected.w)
    expectNear(outputs['gradientNorm']!, expected.norms)
  })

  test('are those of SGD with momentum by hand', async () => {
    const { outputs } = await trainLine({ optimizer: { kind: 'sgd', momentum: 0.9 } })
    let [w, velocity] = [start, [0, 0, 0]]
    stepRows.forEach((rows, step) => {
      const d = gradientOfLine(w, rows)
      velocity = velocity.map((v, i) => 0.9 * v + d[i]!)
      w = w.map((weight, i) => weight - rates[step]! * 0.5 * (velocity[i]! + 0.1 * weight))
    })
    expectNear(outputs['w.next']!, w)
  })

  test.each([1, 2, 4])('give the same over %i micro-batches a step', async (microBatches) => {
    const whole = await trainLine({ optimizer: adamW, clipNorm: 2 })
    const parts = await trainLine({ optimizer: adamW, clipNorm: 2 }, microBatches)
    expectNear(parts.outputs['w.next']!, [...whole.outputs['w.next']!])
    expectNear(parts.outputs['loss']!, [...whole.outputs['loss']!])
    expectNear(parts.outputs['gradientNorm']!, [...whole.outputs['gradientNorm']!])
  })

  test('give to the last bit what as many runs of one step do', async () => {
    const { model, outputs } = await trainLine({ optimizer: adamW, clipNorm: 2 })
    const loaded = await loadModel(model.bytes)
    let state = starting(model, { w: start })
    const losses: number[] = []
    for (const [step, rows] of stepRows.entries()) {
      const next = await loaded.run({
        ...state,
        ...batches([rows]),
        learningRate: floats([1], [rates[step]!]),
      })
      losses.push(...next['loss']!)
      state = following(model, next)
    }
    await loaded.release()
    expect(losses).toEqual([...outputs['loss']!])
    for (const { name } of model.state) expect(state[name]!.data).toEqual([...outputs[`${name}.next`]!])
  })
})

/** A small classifier over embeddings, with everything that could differ between two runs. */
function classifier() {
  const shapes = {
    table: [50, 64],
    w1: [64, 256],
    b1: [256],
    gain: [256],
    shift: [256],
    w2: [256, 7],
    b2: [7],
  }
  const stream = seededRandom(1)
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((product, dim) => product * dim, 1)
      return [name, Array.from({ length: size }, () => stream.normal() * 0.1 + (name === 'gain' ? 1 : 0))]
    }),
  )
  const parameters = new Map(Object.entries(shapes).map(([name, shape]) => [name, g.parameter(name, shape)]))
  const p = (name: keyof typeof shapes) => parameters.get(name)!
  const ids = g.input('ids', ['batch', 'time'], 'int32')
  const hidden = g.linear(g.gather(p('table'), ids), p('w1'), p('b1'))
  const normal = g.layerNormalization(g.gelu(hidden), p('gain'), p('shift'), { epsilon: 1e-5 })
  const logits = g.linear(g.reduceMean(normal, [1]), p('w2'), p('b2'))
  const loss = crossEntropy(logits, g.input('targets', ['batch', 7]), g.input('weights', ['batch']))
  return { loss, tensors, parameters }
}

function classifierFeeds(steps: number, batch: number, time: number): { readonly [name: string]: Fed } {
  const stream = seededRandom(2)
  // Rows of one label draw their ids from seven of their own.
  const ids = Array.from(
    { length: steps * batch * time },
    (_, i) => (Math.floor(i / time) % 7) * 7 + stream.below(7),
  )
  const targets = Array.from({ length: steps * batch * 7 }, (_, i) => Number(i % 7 === Math.floor(i / 7) % 7))
  return {
    ids: { dtype: 'int32', shape: [steps, batch, time], data: ids },
    targets: floats([steps, batch, 7], targets),
    weights: floats([steps, batch], new Array<number>(steps * batch).fill(1 / batch)),
    learningRate: floats([steps], new Array<number>(steps).fill(0.01)),
  }
}

describe('a classifier over embeddings', () => {
  const { loss, tensors, parameters } = classifier()
  const trainedOf = (names: readonly string[]) =>
    names.map((name) => ({ parameter: parameters.get(name)!, weightDecay: 0.01 }))
  const all = Object.keys(tensors)
  const constants = new Map(all.map((name) => [name, Float32Array.from(tensors[name]!)]))

  test('learns, and twice the same to the last bit with two threads', async () => {
    const model = lowerTraining({ loss, trained: trainedOf(all), optimizer: adamW, clipNorm: 1 }, new Map())
    const feeds = { ...starting(model, tensors), ...classifierFeeds(12, 32, 16) }
    const [first, second] = [await runOnce(model.bytes, feeds), await runOnce(model.bytes, feeds)]
    expect(first['loss']!.at(-1)).toBeLessThan(first['loss']![0]! * 0.9)
    expect(second).toEqual(first)
  })

  test('serves every size of batch and time by one model', async () => {
    const model = lowerTraining({ loss, trained: trainedOf(all), optimizer: adamW }, new Map())
    const loaded = await loadModel(model.bytes)
    for (const [batch, time] of [
      [1, 1],
      [5, 3],
      [2, 40],
    ] as const) {
      const outputs = await loaded.run({ ...starting(model, tensors), ...classifierFeeds(2, batch, time) })
      expect(outputs['loss']).toHaveLength(2)
      expect(outputs['loss']!.every(Number.isFinite)).toBe(true)
    }
    await loaded.release()
  })

  test('trains only what it is told to: the rest is constant and has no state', async () => {
    const model = lowerTraining({ loss, trained: trainedOf(['w2', 'b2']), optimizer: adamW }, constants)
    const names = model.state.map(({ name }) => name)
    expect(names).toEqual([
      'w2',
      'b2',
      'w2.mean',
      'w2.square',
      'b2.mean',
      'b2.square',
      'optimizer.firstWeight',
      'optimizer.secondWeight',
    ])
    const outputs = await runOnce(model.bytes, {
      ...starting(model, tensors),
      ...classifierFeeds(12, 32, 16),
    })
    expect(outputs['loss']!.at(-1)).toBeLessThan(outputs['loss']![0]!)
  })
})

test('a sum into repeated rows is right 60 times of 60 with two threads', async () => {
  const updates = g.input('updates', ['rows', 64])
  const summed = g.scatterAdd(g.input('ids', ['rows'], 'int32'), updates, 50)
  const model = await loadModel(lowerInference({ summed }, new Map()))
  const stream = seededRandom(6)
  const ids = Array.from({ length: 2048 }, () => stream.below(50))
  // Whole numbers: their sums are exact in any order.
  const data = Array.from({ length: 2048 * 64 }, () => stream.below(2000) - 1000)
  const expected = new Array<number>(50 * 64).fill(0)
  data.forEach((update, i) => {
    expected[ids[Math.floor(i / 64)]! * 64 + (i % 64)]! += update
  })
  const feeds = {
    ids: { dtype: 'int32' as const, shape: [2048], data: ids },
    updates: floats([2048, 64], data),
  }
  for (let run = 0; run < 60; run++) expect([...(await model.run(feeds))['summed']!]).toEqual(expected)
  await model.release()
})
