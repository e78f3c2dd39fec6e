import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { crossEntropy } from '../../graph/losses.ts'
import { input } from '../../graph/ops.ts'
import { adamW } from '../../graph/optimizer.ts'
import { stepGraph, type TrainingStep } from '../../graph/training-step.ts'
import { lowerTraining } from '../../onnx/lower-training.ts'
import { activationBytes } from '../../runtime/training/activations.ts'
import { planBatches } from '../../runtime/training/batches.ts'
import type { Column } from '../../runtime/training/columns.ts'
import { type TrainingResult, trainModel } from '../../runtime/training/train-model.ts'
import type { TrainingRun } from '../../runtime/training/training-run.ts'
import { dropoutKinds, fedDropout } from './dropout.ts'
import { encoderGraph } from './encoder.ts'
import { headLogits } from './heads.ts'
import { graphParameters } from './parameters.ts'
import { pooled } from './pooling.ts'
import { tinyConfig } from './tiny-encoder.contract.ts'

const labels = 3

interface Options {
  readonly rows?: number
  readonly epochs?: number
  readonly dropout?: number
  readonly accumulates?: boolean
  readonly longest?: number
  readonly batchRows?: number
  readonly width?: number
}

/** A whole encoder, its tables too, with a classifier on its mean, on texts of many lengths. */
function encoderRun(options: Options = {}): TrainingRun {
  const { rows = 24, epochs = 2, dropout = 0, accumulates = false, longest = 20, batchRows = 6 } = options
  const { width = 8 } = options
  const config = tinyConfig('bert', { hidden: width, intermediate: 4 * width, positions: longest + 4 })
  const random = seededRandom(7)
  const dropped = fedDropout(config, random.fork('dropout'), { hidden: dropout, attention: dropout })
  const graph = encoderGraph(config, { dropout: dropped })
  const logits = headLogits(pooled(graph, { mode: 'mean', normalize: false }), {
    ...{ name: 'head', from: config.hidden, to: labels },
  })
  const loss = crossEntropy(logits, input('targets', ['batch', labels]), input('share', ['batch']))
  const parameters = [...graphParameters([loss]).values()]
  const trained = parameters.map((parameter) => ({ parameter, weightDecay: 0.01 }))
  const step: TrainingStep = { loss, trained, optimizer: adamW, clipNorm: 1, accumulates }
  const start = new Map(
    [...graphParameters([loss])].map(([name, { shape }]) => {
      const size = shape.reduce<number>((product, dim) => product * Number(dim), 1)
      return [
        name,
        Float32Array.from(
          { length: size },
          () => 0.2 * random.normal() + (name.endsWith('LayerNorm.weight') ? 1 : 0),
        ),
      ]
    }),
  )
  const { state, reports } = stepGraph(step)
  const roots = [...state.map(({ after }) => after), ...Object.values(reports)]
  const lengths = Int32Array.from({ length: rows }, () => 3 + random.below(longest - 2))
  const starts = new Int32Array(rows + 1)
  for (const [row, length] of lengths.entries()) starts[row + 1] = starts[row]! + length
  const columns: readonly Column[] = [
    {
      kind: 'ragged',
      name: 'ids',
      data: Int32Array.from({ length: starts[rows]! }, () => random.below(config.vocabulary)),
      starts,
      pad: 0,
    },
    { kind: 'mask', name: 'mask', starts },
    {
      kind: 'fixed',
      name: 'targets',
      data: Float32Array.from({ length: labels * rows }, (_, i) =>
        Math.floor(i / labels) % labels === i % labels ? 1 : 0,
      ),
    },
    { kind: 'share', name: 'share', weights: Float32Array.from({ length: rows }, (_, row) => 1 + (row % 2)) },
    ...dropped.inputs().map(({ name }): Column => ({ kind: 'choice', name, below: dropoutKinds })),
  ]
  return {
    name: 'a tiny encoder',
    model: lowerTraining(step, new Map()),
    ...{ start, columns, seed: 0 },
    batches: planBatches(lengths, { seed: 0, epochs, rows: batchRows }),
    schedule: { learningRate: () => 0.01 },
    activationBytes: (axes) => activationBytes(roots, axes),
  }
}

const bits = ({ tensors, reports }: TrainingResult): readonly (readonly [string, Buffer])[] =>
  [...tensors, ...reports].map(([name, data]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ])

test('an encoder trained by micro-batches comes to the weights of whole batches, texts of unequal weight and padding included', async () => {
  const whole = await trainModel(encoderRun(), { threads: 1 })
  // 32 positions: four texts of the shortest, one of the longest; six texts are so parted that some parts are not full.
  const parted = await trainModel({ ...encoderRun({ accumulates: true }), microTokens: 32 }, { threads: 1 })
  expect(parted.steps).toBe(whole.steps)
  for (const name of ['loss', 'gradientNorm']) {
    const [one, other] = [whole.reports.get(name)!, parted.reports.get(name)!]
    for (const [at, value] of one.entries())
      expect(Math.abs(other[at]! - value)).toBeLessThan(2e-4 * (1 + value))
  }
  for (const [name, values] of whole.tensors) {
    // The same for all keys, softmax takes it out: its gradient is rounding, which Adam makes steps of.
    if (name.endsWith('key.bias')) continue
    const other = parted.tensors.get(name)!
    const apart = values.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0)
    expect(apart, name).toBeLessThan(2e-3)
  }
})

test('an encoder trained on two threads is the same to the last bit each time, its dropout and tables of embeddings too', async () => {
  const once = await trainModel(encoderRun({ dropout: 0.2, width: 32 }), { threads: 2 })
  const again = await trainModel(encoderRun({ dropout: 0.2, width: 32 }), { threads: 2 })
  expect(bits(again)).toEqual(bits(once))
  expect(once.reports.get('loss')!.at(-1)).toBeLessThan(once.reports.get('loss')![0]!)
})

test('the memory that is planned is that which is taken, within a third', async () => {
  const run = encoderRun({ width: 128, rows: 128, batchRows: 64, longest: 60, epochs: 1 })
  const { memory } = await trainModel(run, { threads: 1 })
  expect(memory.peakBytes).toBeLessThan(1.33 * memory.totalBytes)
  expect(memory.peakBytes).toBeGreaterThan(memory.totalBytes / 2)
})
