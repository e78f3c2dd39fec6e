// Trains an encoder with a head of tags on windows of texts.

import { type Random, seededRandom } from '../../../base/random.ts'
import { joinFloats, joinIntegers } from '../../../base/typed-arrays.ts'
import { crossEntropy } from '../../../graph/losses.ts'
import { constant, gather, input } from '../../../graph/ops.ts'
import type { Value } from '../../../graph/value.ts'
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { dropoutKinds, fedDropout } from '../../../model/encoder/dropout.ts'
import { encoderInputs } from '../../../model/encoder/encoder.ts'
import type { StoredTensor } from '../../../model/weights/tensor-source.ts'
import { planBatches } from '../../../runtime/training/batches.ts'
import type { Column } from '../../../runtime/training/columns.ts'
import type { TrainModelOptions } from '../../../runtime/training/train-model.ts'
import { tuneEncoder } from '../fine-tune.ts'
import type { TaggerRecipe } from './recipe.ts'
import type { TaggedRow } from './tagged-rows.ts'
import type { TextWindow } from './text-windows.ts'
import { shapesInput, type TaggerForm, taggerGraph, taggerTensors } from './token-tagger.ts'

/** Windows of rows, by the rows' numbers. */
export interface TuningRows {
  readonly rows: readonly TaggedRow[]
  readonly windows: readonly TextWindow[]
}

/** Trains; all tensors that the base does not have as they are now, by name. Some window must have a unit to learn. */
export async function tuneTagger(
  base: BaseModel,
  { rows, windows }: TuningRows,
  { recipe, form, seed }: { readonly recipe: TaggerRecipe; readonly form: TaggerForm; readonly seed: number },
  options: TrainModelOptions,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const random = seededRandom(seed)
  const learnt = windows.filter(({ text, places }) => places.length > 0 && rows[text]!.weight > 0)
  const dropout = fedDropout(base.config, random.fork('dropout'), recipe.dropout)
  const { logits } = taggerGraph(base.config, form, { dropout })
  const own = taggerTensors(base.config, form)
  const job = {
    loss: lossOf(logits, form.tags, recipe.labelSmoothing),
    head: startingHead(own, random.fork('head')),
    batches: planBatches(
      learnt.map(({ ids }) => ids.length),
      { seed, epochs: recipe.epochs, rows: recipe.batchRows, tokens: recipe.batchTokens, width: 4 },
    ),
    columns: [
      ...columnsOf(rows, learnt, { padId: base.config.padId, shapes: form.shapes }),
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

/** Cross-entropy of each judged token's tag; tokens that are not judged have no share. */
function lossOf(logits: Value, tags: number, labelSmoothing: number): Value {
  const even = labelSmoothing / tags
  const targets = Float32Array.from({ length: tags * tags }, (_, at) =>
    at % (tags + 1) === 0 ? 1 - labelSmoothing + even : even,
  )
  const wanted = gather(constant(targets, [tags, tags]), input('tags', ['batch', 'time'], 'int32'))
  return crossEntropy(logits, wanted, input('share', ['batch', 'time']))
}

function columnsOf(
  rows: readonly TaggedRow[],
  windows: readonly TextWindow[],
  { padId, shapes }: { readonly padId: number; readonly shapes: boolean },
): readonly Column[] {
  const starts = new Int32Array(windows.length + 1)
  windows.forEach(({ ids }, at) => {
    starts[at + 1] = starts[at]! + ids.length
  })
  const tagged = windows.map((window) => tagsOf(rows[window.text]!, window))
  const ragged = (name: string, parts: readonly Int32Array[], pad: number): Column => ({
    ...{ kind: 'ragged', name, data: joinIntegers(parts), starts, pad },
  })
  return [
    ragged(
      encoderInputs.ids,
      windows.map(({ ids }) => ids),
      padId,
    ),
    ...(shapes
      ? [
          ragged(
            shapesInput,
            windows.map((window) => window.shapes),
            0,
          ),
        ]
      : []),
    ragged(
      'tags',
      tagged.map(({ tags }) => tags),
      0,
    ),
    { kind: 'mask', name: encoderInputs.mask, starts },
    { kind: 'share', name: 'share', weights: joinFloats(tagged.map(({ weights }) => weights)), starts },
  ]
}

/** Tags and weights of a window's tokens. */
function tagsOf({ tags, weight }: TaggedRow, { ids, places, from }: TextWindow) {
  const own = { tags: new Int32Array(ids.length), weights: new Float32Array(ids.length) }
  places.forEach((place, i) => {
    own.tags[place] = tags[from + i]!
    own.weights[place] = weight
  })
  return own
}

/** Weights of the head are small numbers; all else begins with nothing. */
function startingHead(
  tensors: ReturnType<typeof taggerTensors>,
  random: Random,
): ReadonlyMap<string, Float32Array> {
  return new Map(
    tensors.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1))
      return [name, name === 'head.weight' ? values.map(() => 0.02 * random.normal()) : values] as const
    }),
  )
}
