// Trains the upper layers of an encoder together with its head, from hidden states of the layers below that were
// computed once; the graph holds nothing of what does not train.
import { seededRandom } from '../../base/random.ts'
import { crossEntropy, sigmoidCrossEntropy } from '../../graph/losses.ts'
import { input } from '../../graph/ops.ts'
import { adamW, type Trained } from '../../graph/optimizer.ts'
import { stepGraph, type TrainingStep } from '../../graph/training-step.ts'
import type { Value } from '../../graph/value.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { dropoutKinds, type FedDropout, fedDropout } from '../../model/encoder/dropout.ts'
import { encoderGraph, encoderInputs } from '../../model/encoder/encoder.ts'
import { headLogits } from '../../model/encoder/heads.ts'
import { graphParameters } from '../../model/encoder/parameters.ts'
import { pooled } from '../../model/encoder/pooling.ts'
import { lowerTraining } from '../../onnx/lower-training.ts'
import { activationBytes } from '../../runtime/training/activations.ts'
import { type Batch, planBatches } from '../../runtime/training/batches.ts'
import type { Column } from '../../runtime/training/columns.ts'
import {
  type TrainingResult,
  type TrainModelOptions,
  trainModel,
} from '../../runtime/training/train-model.ts'
import { classifierHead, type HeadWeights } from './head-training.ts'
import type { FineTuneRecipe } from './recipe.ts'
import type { TokenRows } from './rows.ts'

export interface FineTuneRows {
  /** Hidden states after the layers that do not train, or the ids where all layers train. */
  readonly tokens: TokenRows<Float32Array> | TokenRows<Int32Array>
  /** Target probabilities [rows, labels]. */
  readonly targets: Float32Array
  readonly labels: number
  readonly multiple: boolean
  readonly weights: Float32Array
  /** Rows to learn from. */
  readonly learn: Int32Array
}

/** Trains; the tensors given back are those of the layers that trained and of the head, by their names. */
export function fineTune(
  base: BaseModel,
  rows: FineTuneRows,
  {
    recipe,
    head,
    seed,
  }: { readonly recipe: FineTuneRecipe; readonly head: HeadWeights; readonly seed: number },
  options: TrainModelOptions,
): Promise<TrainingResult> {
  const dropout = fedDropout(base.config, seededRandom(seed).fork('dropout'), recipe.dropout)
  const job: TuningJob = {
    loss: lossOf(base, rows, recipe, dropout),
    head: new Map([
      ['head.weight', head.weight],
      ['head.bias', head.bias],
    ]),
    batches: batchesOf(rows, recipe, seed),
    columns: columnsOf(base, rows, recipe, dropout),
  }
  return tuneEncoder(base, job, { recipe, seed }, options)
}

/** How an encoder is trained, whatever stands on it. */
export type TuningRecipe = Pick<
  FineTuneRecipe,
  'learningRate' | 'headRate' | 'layerDecay' | 'weightDecay' | 'warmup' | 'clipNorm'
>

/** What a training of an encoder with something on it is made of. */
export interface TuningJob {
  readonly loss: Value
  /** Starting numbers of the parameters that the base does not have. */
  readonly head: ReadonlyMap<string, Float32Array>
  readonly batches: readonly Batch[]
  readonly columns: readonly Column[]
}

/** Trains what the loss is made of, all but the base's tables. */
export async function tuneEncoder(
  base: BaseModel,
  { loss, head, batches, columns }: TuningJob,
  { recipe, seed }: { readonly recipe: TuningRecipe; readonly seed: number },
  options: TrainModelOptions,
): Promise<TrainingResult> {
  const step = stepOf(base, loss, recipe, new Set(head.keys()))
  const start = await startOf(base, step, head)
  const { state, reports } = stepGraph(step)
  const roots = [...state.map(({ after }) => after), ...Object.values(reports)]
  const frozen = await frozenOf(base, loss, new Set(start.keys()))
  return trainModel(
    {
      name: base.name,
      model: lowerTraining(step, frozen),
      ...{ start, batches, columns, seed },
      schedule: { learningRate: (at, steps) => rateAt(at, steps, recipe) },
      activationBytes: (axes) => activationBytes(roots, axes),
    },
    options,
  )
}

/** The first layer that trains, counted from 0. */
export function firstTrained({ config }: BaseModel, { layers }: FineTuneRecipe): number {
  return Math.max(0, config.layers - layers)
}

function lossOf(base: BaseModel, rows: FineTuneRows, recipe: FineTuneRecipe, dropout: FedDropout): Value {
  const graph = encoderGraph(base.config, { from: firstTrained(base, recipe), dropout })
  const logits = headLogits(pooled(graph, base.pooling), classifierHead(base.config, rows.labels))
  const targets = input('targets', ['batch', rows.labels])
  const shares = input('share', ['batch'])
  return rows.multiple ? sigmoidCrossEntropy(logits, targets, shares) : crossEntropy(logits, targets, shares)
}

/** Tables are never trained: few of their rows occur, and all would have to be kept. */
function stepOf(base: BaseModel, loss: Value, recipe: TuningRecipe, head: ReadonlySet<string>): TrainingStep {
  const trained = [...graphParameters([loss])].flatMap(([name, parameter]): readonly Trained[] => {
    if (/^embeddings\..*_embeddings\./.test(name)) return []
    const weightDecay = parameter.shape.length > 1 ? recipe.weightDecay : 0
    return [{ parameter, weightDecay, rate: head.has(name) ? recipe.headRate : rateOf(name, base, recipe) }]
  })
  return { loss, trained, optimizer: adamW, clipNorm: recipe.clipNorm }
}

function rateOf(name: string, { config }: BaseModel, { layerDecay }: TuningRecipe): number {
  const layer = /^encoder\.layer\.(\d+)\./.exec(name)
  return layerDecay ** (layer ? config.layers - 1 - Number(layer[1]) : config.layers)
}

async function startOf(
  base: BaseModel,
  { trained }: TrainingStep,
  head: ReadonlyMap<string, Float32Array>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const start = new Map<string, Float32Array>()
  for (const name of graphParameters(trained.map(({ parameter }) => parameter)).keys()) {
    start.set(name, head.get(name) ?? (await base.tensors.read(name)).data)
  }
  return start
}

async function frozenOf(
  base: BaseModel,
  loss: Value,
  trained: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const frozen = new Map<string, Float32Array>()
  for (const name of graphParameters([loss]).keys()) {
    if (!trained.has(name)) frozen.set(name, (await base.tensors.read(name)).data)
  }
  return frozen
}

/** Batches of the rows to learn from, by their numbers among all rows. */
function batchesOf({ tokens: { starts }, learn }: FineTuneRows, recipe: FineTuneRecipe, seed: number) {
  const lengths = learn.map((row) => starts[row + 1]! - starts[row]!)
  const options = { seed, epochs: recipe.epochs, rows: recipe.batchRows, width: 4 }
  return planBatches(lengths, options).map(({ rows, time }) => ({
    rows: rows.map((at) => learn[at]!),
    time,
  }))
}

function columnsOf(
  base: BaseModel,
  { tokens: { data, starts }, targets, labels, multiple, weights }: FineTuneRows,
  { labelSmoothing }: FineTuneRecipe,
  dropout: FedDropout,
): readonly Column[] {
  const isHidden = data instanceof Float32Array
  const smooth = multiple
    ? targets
    : targets.map((target) => target * (1 - labelSmoothing) + labelSmoothing / labels)
  return [
    {
      kind: 'ragged',
      name: isHidden ? encoderInputs.hidden : encoderInputs.ids,
      ...{ data, starts, pad: isHidden ? 0 : base.config.padId },
    },
    { kind: 'mask', name: encoderInputs.mask, starts },
    { kind: 'fixed', name: 'targets', data: smooth },
    { kind: 'share', name: 'share', weights },
    ...dropout.inputs().map(({ name }) => ({ kind: 'choice', name, below: dropoutKinds }) as const),
  ]
}

/** Up over the first steps, then down to nothing. */
function rateAt(at: number, steps: number, { learningRate, warmup }: TuningRecipe): number {
  const rising = Math.max(1, Math.ceil(warmup * steps))
  if (at < rising) return (learningRate * (at + 1)) / rising
  return learningRate * (1 - (at - rising) / Math.max(1, steps - rising))
}
