// Trains the upper layers of an encoder together with its head, from hidden states of the layers below that were
// computed once; the graph holds nothing of what does not train.
import { seededRandom } from '../../base/random.ts'
import { crossEntropy, sigmoidCrossEntropy } from '../../graph/losses.ts'
import { input } from '../../graph/ops.ts'
import { adamW, type Trained } from '../../graph/optimizer.ts'
import { type LearningRateSchedule, learningRateAt } from '../../graph/schedule.ts'
import { stepGraph, type TrainingStep } from '../../graph/training-step.ts'
import type { Value } from '../../graph/value.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { dropoutKinds, type FedDropout, fedDropout } from '../../model/encoder/dropout.ts'
import { type EncoderGraph, encoderGraph, encoderInputs } from '../../model/encoder/encoder.ts'
import { maxTokensOf } from '../../model/encoder/encoder-config.ts'
import { cosineLogits, headLogits } from '../../model/encoder/heads.ts'
import { isLoraTensor, loraAdapter } from '../../model/encoder/lora.ts'
import { graphParameters } from '../../model/encoder/parameters.ts'
import { pooled } from '../../model/encoder/pooling.ts'
import { lowerTraining } from '../../onnx/lower-training.ts'
import { activationBytes } from '../../runtime/training/activations.ts'
import { type Batch, planBatches } from '../../runtime/training/batches.ts'
import type { Column } from '../../runtime/training/columns.ts'
import { allowedByDefault, fittingMicroTokens, planMemory } from '../../runtime/training/memory.ts'
import {
  type TrainingResult,
  type TrainModelOptions,
  trainModel,
} from '../../runtime/training/train-model.ts'
import type { TrainingRun } from '../../runtime/training/training-run.ts'
import { classifierHead } from './head-training.ts'
import type { ClassifierTuning, FineTuneRecipe } from './recipe.ts'
import type { TokenRows } from './rows.ts'

export interface FineTuneRows {
  /** Hidden states after the layers that do not train, or the ids where all layers train. */
  readonly tokens: TokenRows<Float32Array> | TokenRows<Int32Array>
  /** Target probabilities [rows, labels]. */
  readonly targets: Float32Array
  readonly labels: number
  readonly multiple: boolean
  readonly weights: Float32Array
}

/** One stage of a training: which rows are learnt from, for how long, and from where. */
export interface TuningStage {
  readonly learn: Int32Array
  readonly epochs: number
  readonly learningRate: number
  /** Tensors to begin from, the head's and an adapter's among them; those that are not there are the base's. */
  readonly start: ReadonlyMap<string, Float32Array>
  readonly seed: number
}

/** Trains; the tensors given back are those of the layers that trained and of the head, by their names. */
export function fineTune(
  base: BaseModel,
  rows: FineTuneRows,
  recipe: ClassifierTuning,
  stage: TuningStage,
  options: TrainModelOptions,
): Promise<TrainingResult> {
  const { seed, learningRate, start } = stage
  const dropout = fedDropout(base.config, seededRandom(seed).fork('dropout'), recipe.dropout)
  const job: TuningJob = {
    loss: lossOf(base, rows, recipe, dropout),
    head: start,
    batches: batchesOf(rows, recipe, stage),
    columns: columnsOf(base, rows, recipe, dropout),
    frozenLayers: firstTrained(base, recipe),
    baseIsFrozen: recipe.adapter !== undefined,
  }
  return tuneEncoder(base, job, { recipe: { ...recipe, learningRate }, seed }, options)
}

/** How an encoder is trained, whatever stands on it. */
export type TuningRecipe = Pick<
  FineTuneRecipe,
  'learningRate' | 'headRate' | 'layerDecay' | 'weightDecay' | 'warmup' | 'clipNorm'
>

/** What a training of an encoder with something on it is made of. */
export interface TuningJob {
  readonly loss: Value
  /** Starting numbers of the parameters that the base does not have, and of others that do not begin as the base's. */
  readonly head: ReadonlyMap<string, Float32Array>
  readonly batches: readonly Batch[]
  readonly columns: readonly Column[]
  /** Layers from the lowest that do not train, and what lies below them neither; absent: all train. */
  readonly frozenLayers?: number
  /** True: nothing that is the base's trains, only what stands beside and above it. */
  readonly baseIsFrozen?: boolean
}

/** Trains what the loss is made of, all but the base's tables; batches that would not fit in memory are parted. */
export async function tuneEncoder(
  base: BaseModel,
  job: TuningJob,
  { recipe, seed }: { readonly recipe: TuningRecipe; readonly seed: number },
  options: TrainModelOptions,
): Promise<TrainingResult> {
  const { loss, head, columns } = job
  // Lengths are rounded up, and an encoder has no positions beyond its last.
  const most = maxTokensOf(base.config)
  const batches = job.batches.map((batch) => ({ ...batch, time: Math.min(batch.time, most) }))
  const step = stepOf(base, job, recipe)
  const start = await startOf(base, step, head)
  const frozen = await frozenOf(base, loss, new Set(start.keys()))
  const runOf = (own: TrainingStep): TrainingRun => {
    const { state, reports } = stepGraph(own)
    const roots = [...state.map(({ after }) => after), ...Object.values(reports)]
    return {
      name: base.name,
      model: lowerTraining(own, frozen),
      ...{ start, batches, columns, seed },
      schedule: { learningRate: (at, steps) => learningRateAt(scheduleOf(recipe, steps), at) },
      activationBytes: (axes) => activationBytes(roots, axes),
    }
  }
  const allowedBytes = options.allowedBytes ?? allowedByDefault()
  return trainModel(fitting(runOf, step, allowedBytes), { ...options, allowedBytes })
}

/** A run of whole batches where they fit in memory, else of parts of them, whose gradients are summed. */
function fitting(
  runOf: (step: TrainingStep) => TrainingRun,
  step: TrainingStep,
  allowedBytes: number,
): TrainingRun {
  const whole = runOf(step)
  if (planMemory(whole).totalBytes <= allowedBytes) return whole
  const parted = runOf({ ...step, accumulates: true })
  const microTokens = fittingMicroTokens(parted, allowedBytes)
  return microTokens === undefined ? whole : { ...parted, microTokens }
}

/** The first layer that trains, counted from 0. */
export function firstTrained({ config }: BaseModel, { layers }: Pick<FineTuneRecipe, 'layers'>): number {
  return Math.max(0, config.layers - layers)
}

function lossOf(base: BaseModel, rows: FineTuneRows, recipe: ClassifierTuning, dropout: FedDropout): Value {
  const vector = pooled(trainedGraph(base, rows, recipe, dropout), base.pooling)
  const head = classifierHead(base.config, rows.labels)
  const logits = rows.multiple ? headLogits(vector, head) : cosineLogits(vector, head, recipe.steepness)
  const targets = input('targets', ['batch', rows.labels])
  const shares = input('share', ['batch'])
  return rows.multiple ? sigmoidCrossEntropy(logits, targets, shares) : crossEntropy(logits, targets, shares)
}

/** From hidden states where the rows are such, else from ids; layers that do not train drop nothing. */
function trainedGraph(
  { config }: BaseModel,
  { tokens: { data } }: FineTuneRows,
  recipe: ClassifierTuning,
  dropout: FedDropout,
): EncoderGraph {
  const from = Math.max(0, config.layers - recipe.layers)
  const { adapter: form } = recipe
  const adapter = form && loraAdapter(config, form, { as: 'parameters' })
  const trained = { from, dropout, ...(adapter && { adapter }) }
  if (data instanceof Float32Array) return encoderGraph(config, trained)
  return encoderGraph(config, { ...trained, below: encoderGraph(config, { to: from }) })
}

/** Tables are never trained: few of their rows occur, and all would have to be kept. */
function stepOf(base: BaseModel, job: TuningJob, recipe: TuningRecipe): TrainingStep {
  const { loss, frozenLayers = -1, baseIsFrozen = false } = job
  const own = new Set(base.tensors.names)
  const trained = [...graphParameters([loss])].flatMap(([name, parameter]): readonly Trained[] => {
    if (/^embeddings\..*_embeddings\./.test(name) || layerOf(name) < frozenLayers) return []
    if (baseIsFrozen && own.has(name)) return []
    const weightDecay = parameter.shape.length > 1 ? recipe.weightDecay : 0
    const isInLayer = own.has(name) || isLoraTensor(name)
    return [{ parameter, weightDecay, rate: isInLayer ? rateOf(name, base, recipe) : recipe.headRate }]
  })
  return { loss, trained, optimizer: adamW, clipNorm: recipe.clipNorm }
}

function rateOf(name: string, { config }: BaseModel, { layerDecay }: TuningRecipe): number {
  return layerDecay ** (config.layers - 1 - layerOf(name))
}

/** The layer that a tensor is part of: −1 for those below all layers, beyond all for those above. */
function layerOf(name: string): number {
  if (name.startsWith('embeddings.')) return -1
  const layer = /^encoder\.layer\.(\d+)\./.exec(name)
  return layer ? Number(layer[1]) : Number.POSITIVE_INFINITY
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

/** Epochs of few rows are planned together: steps of one shape share a call, which copies all that trains in and out. */
const rowsTogether = 2000
const mostEpochsTogether = 4
/** Below this many rows a batch is of whatever lengths there are: it is the optimizer that takes the time. */
const fewForLengths = 256

/** Batches of the rows to learn from, by their numbers among all rows. */
function batchesOf(
  { tokens: { starts } }: FineTuneRows,
  { batchRows }: ClassifierTuning,
  { learn, epochs, seed }: TuningStage,
): readonly Batch[] {
  const width = learn.length < fewForLengths ? 32 : 4
  const together = Math.min(epochs, mostEpochsTogether, Math.max(1, Math.round(rowsTogether / learn.length)))
  const rounds = [
    { repeats: together, epochs: Math.floor(epochs / together) },
    { repeats: epochs % together, epochs: 1 },
  ]
  return rounds.flatMap(({ repeats, epochs: count }, i) => {
    const rows = Int32Array.from({ length: repeats * learn.length }, (_, at) => learn[at % learn.length]!)
    const lengths = rows.map((row) => starts[row + 1]! - starts[row]!)
    const options = {
      seed: seed + i,
      epochs: repeats === 0 ? 0 : count,
      rows: batchRows,
      width,
      run: 4 * together,
    }
    return planBatches(lengths, options).map((batch) => ({
      ...batch,
      rows: batch.rows.map((at) => rows[at]!),
    }))
  })
}

function columnsOf(
  base: BaseModel,
  { tokens: { data, starts }, targets, labels, multiple, weights }: FineTuneRows,
  { labelSmoothing }: ClassifierTuning,
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
function scheduleOf({ learningRate: peak, warmup }: TuningRecipe, steps: number): LearningRateSchedule {
  return { kind: 'linear', peak, steps, warmupSteps: Math.max(1, Math.ceil(warmup * steps)) }
}
