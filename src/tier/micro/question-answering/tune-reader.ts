// Trains a reader on windows: where the answer begins and ends in those that hold it, and which do.

import { type Random, seededRandom } from '../../../base/random.ts'
import { joinFloats, joinIntegers } from '../../../base/typed-arrays.ts'
import { crossEntropy, sigmoidCrossEntropy } from '../../../graph/losses.ts'
import { add, input, scale } from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { dropoutKinds, fedDropout } from '../../../model/encoder/dropout.ts'
import { encoderInputs } from '../../../model/encoder/encoder.ts'
import type { StoredTensor } from '../../../model/weights/tensor-source.ts'
import { planBatches } from '../../../runtime/training/batches.ts'
import type { Column } from '../../../runtime/training/columns.ts'
import type { TrainModelOptions } from '../../../runtime/training/train-model.ts'
import { tuneEncoder } from '../fine-tune.ts'
import type { LearntWindow } from './learnt-windows.ts'
import { candidatesOf } from './question-windows.ts'
import { candidatesInput, markInput, type ReaderGraph, readerGraph, readerTensors } from './reader.ts'
import type { ReaderRecipe } from './recipe.ts'
import { markNames } from './token-marks.ts'

/** Trains; all tensors that the base does not have as they are now, by name. Some window must weigh something. */
export async function tuneReader(
  base: BaseModel,
  windows: readonly LearntWindow[],
  { recipe, seed }: { readonly recipe: ReaderRecipe; readonly seed: number },
  options: TrainModelOptions,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const random = seededRandom(seed)
  const dropout = fedDropout(base.config, random.fork('dropout'), recipe.dropout)
  const own = readerTensors(base.config)
  const job = {
    loss: lossOf(readerGraph(base.config, { dropout }), recipe.presenceWeight),
    head: startingTensors(own, random.fork('head')),
    batches: planBatches(
      windows.map(({ window }) => window.ids.length),
      { seed, epochs: recipe.epochs, rows: recipe.batchRows, tokens: recipe.batchTokens, width: 8 },
    ),
    columns: [
      ...columnsOf(windows, base, recipe.batchRows),
      ...dropout.inputs().map(({ name }) => ({ kind: 'choice', name, below: dropoutKinds }) as const),
    ],
  }
  const { tensors } = await tuneEncoder(base, job, { recipe, seed }, options)
  const shapes = new Map(own.map(({ name, shape }) => [name, shape]))
  return new Map(
    [...tensors].map(([name, data]) => [
      name,
      { shape: shapes.get(name) ?? base.tensors.shapeOf(name), data: Float32Array.from(data) },
    ]),
  )
}

/** Cross-entropy of both places among the context's tokens, and of presence in the window. */
function lossOf({ begin, end, presence }: ReaderGraph, presenceWeight: number): Value {
  const shares = input('answered.share', ['batch'])
  const places = (
    [
      ['begins', begin],
      ['ends', end],
    ] as const
  ).map(([name, scores]) => crossEntropy(scores, input(name, ['batch', 'time']), shares))
  const there = sigmoidCrossEntropy(presence, input('there', ['batch', 1]), input('share', ['batch']))
  return add(scale(add(places[0]!, places[1]!), 0.5), scale(there, presenceWeight))
}

/** Windows without an answer have no share in the loss of places, and the others the share of a full batch's row. */
function columnsOf(
  windows: readonly LearntWindow[],
  { config }: BaseModel,
  batchRows: number,
): readonly Column[] {
  const starts = new Int32Array(windows.length + 1)
  windows.forEach(({ window }, at) => {
    starts[at + 1] = starts[at]! + window.ids.length
  })
  const whole = windows.map(({ window }) => window)
  const ragged = (name: string, data: Float32Array | Int32Array, pad = 0): Column => ({
    ...{ kind: 'ragged', name, data, starts, pad },
  })
  const perRow = (of: (window: LearntWindow) => number): Float32Array => Float32Array.from(windows, of)
  return [
    ragged(encoderInputs.ids, joinIntegers(whole.map(({ ids }) => ids)), config.padId),
    ...(config.types > 1 ? [ragged(encoderInputs.types, joinIntegers(whole.map(({ types }) => types)))] : []),
    ...markNames.map((name) => ragged(markInput(name), joinIntegers(whole.map(({ marks }) => marks[name])))),
    ragged(candidatesInput, joinIntegers(whole.map((window) => candidatesOf(window)))),
    ragged('begins', joinFloats(windows.map(({ begins }) => begins))),
    ragged('ends', joinFloats(windows.map(({ ends }) => ends))),
    { kind: 'mask', name: encoderInputs.mask, starts },
    { kind: 'fixed', name: 'there', data: perRow(({ answered }) => Number(answered)) },
    {
      ...{ kind: 'fixed', name: 'answered.share', spare: 'zeros' },
      data: perRow(({ answered, weight }) => (answered ? weight / batchRows : 0)),
    },
    { kind: 'share', name: 'share', weights: perRow(({ weight }) => weight) },
  ]
}

/** Weights are small numbers; biases begin with nothing. */
function startingTensors(
  tensors: ReturnType<typeof readerTensors>,
  random: Random,
): ReadonlyMap<string, Float32Array> {
  return new Map(
    tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1))
      return [name, shape.length > 1 ? values.map(() => 0.02 * random.normal()) : values] as const
    }),
  )
}
