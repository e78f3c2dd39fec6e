// Trains the upper layers of an encoder with a head in two stages: first without the rows held aside, which are judged
// by what came out, then on from there with all rows.
import { seededRandom } from '../../base/random.ts'
import { loraShapes, loraStart } from '../../model/encoder/lora.ts'
import { tensorsInMemory } from '../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import { allowedByDefault } from '../../runtime/training/memory.ts'
import type { Fold } from '../nano/folds.ts'
import { overlaid } from './artefact.ts'
import { linearOfCosines, meanDirections } from './class-means.ts'
import {
  type ClassificationWork,
  noveltyRows,
  partOptions,
  type TrainedClassifier,
} from './classification-work.ts'
import { type FineTuneRows, fineTune, firstTrained } from './fine-tune.ts'
import { headsOf, headTensors } from './frozen-classifier.ts'
import { type HeadWeights, headLogitsOf } from './head-training.ts'
import { type Judged, judgeRows } from './judge-rows.ts'
import type { NoveltyTensors } from './novelty.ts'
import { findNovelty } from './novelty-thread.ts'
import { assertTimeFor, tokensIn } from './pass-time.ts'
import type { ClassifierTuning } from './recipe.ts'
import { type FreezeOptions, freezeHidden, freezeVectors, hiddenBytes, joinTokens } from './rows.ts'
import { sampled } from './sampled.ts'
import { choosePrecision, type PrecisionKind, precisionKind } from './serving/choose-precision.ts'
import { eightBits, vectorsOf } from './serving/layer-forms.ts'

/** Trains a classifier whose upper layers are its own. */
export async function trainTuned(
  work: ClassificationWork,
  recipe: ClassifierTuning,
  freeze: FreezeOptions,
): Promise<TrainedClassifier> {
  const fold = checkFold(work)
  let pace = 0
  const onPace = (msPerToken: number): void => {
    pace = msPerToken
  }
  const paced = { ...freeze, onPace }
  const rows = await rowsOf(work, recipe, paced)
  const { epochs, learningRate, finish } = recipe
  const { seed } = work.options
  const stages = stageShares(work, fold, recipe)
  let tensors: ReadonlyMap<string, Float32Array> = new Map([
    ...startingAdapter(work, recipe),
    ...(await startingHead(work, fold, paced)),
  ])
  const passes = looksOf(work, fold)
  assertTimeFor({ ...passes, model: work.base.name, needMs: pace * passes.learn, deadline: work.deadline })
  let found: Found = { novelty: new Map(), judged: [], precision: 'float32' }
  let planned = 0
  let done = 0
  const stage = async (name: 'learn' | 'whole', own: StageOf): Promise<void> => {
    const options = partOptions(work, { name, ...stages[name], passesMs: pace * passes[name] })
    const result = await fineTune(work.base, rows, recipe, { ...own, start: tensors, seed }, options)
    tensors = result.tensors
    done += result.steps
    planned += result.trimmed?.plannedSteps ?? result.steps
    found =
      name === 'learn'
        ? await look(work, recipe, tensors, fold)
        : await look(
            work,
            recipe,
            tensors,
            { learn: work.every, check: none },
            precisionKind(found.precision),
          )
  }
  if (fold.check.length > 0) await stage('learn', { learn: fold.learn, epochs, learningRate })
  const { judged } = found
  const isJudged = judged.length > 0
  if (!isJudged) await stage('whole', { learn: work.every, epochs: epochs + finish.epochs, learningRate })
  else if (finish.epochs > 0) await stage('whole', { learn: work.every, ...finish })
  return {
    changed: changedTensors(work, tensors, recipe),
    ...{ novelty: found.novelty, judged, precision: found.precision },
    ...(done < planned && { trimmed: { steps: done, plannedSteps: planned } }),
  }
}

/** Tokens that are read after each stage and those that follow, to judge and to choose: as they are read in {@link look}. */
function looksOf({ texts, every }: ClassificationWork, { learn, check }: Fold) {
  const tokensOf = (rows: Int32Array): number => tokensIn(Array.from(rows, (row) => texts[row]!))
  const whole = tokensOf(noveltyRows(every)) + tokensOf(sampled(every, mostRangeRows))
  const first = tokensOf(sampled(learn, mostRangeRows)) + 2 * (tokensOf(noveltyRows(learn)) + tokensOf(check))
  return { learn: first + whole, whole, texts: check.length + noveltyRows(every).length }
}

interface StageOf {
  readonly learn: Int32Array
  readonly epochs: number
  readonly learningRate: number
}

const none = new Int32Array(0)

/** The rows that are judged; none where rows are too few to part. */
function checkFold({ folds, every }: ClassificationWork): Fold {
  return (
    folds.find(({ learn, check }) => learn.length > 0 && check.length > 0) ?? { learn: every, check: none }
  )
}

/** Where each stage begins and ends, by the rows that it passes over. */
function stageShares({ every }: ClassificationWork, { learn, check }: Fold, recipe: ClassifierTuning) {
  const first = check.length > 0 ? recipe.epochs * learn.length : 0
  const second = (check.length > 0 ? 0 : recipe.epochs) + recipe.finish.epochs
  const cut = first / Math.max(1, first + second * every.length)
  return { learn: { from: 0, to: cut }, whole: { from: cut, to: 1 } }
}

/** Hidden states where there is memory for them: in this process, on their way, and in the one that trains. */
const copiesOfHidden = 3
const shareForHidden = 0.5

async function rowsOf(
  { base, texts, targets, space, weights }: ClassificationWork,
  recipe: ClassifierTuning,
  freeze: FreezeOptions,
): Promise<FineTuneRows> {
  const from = firstTrained(base, recipe)
  const isKept = from > 0 && copiesOfHidden * hiddenBytes(texts, base) < shareForHidden * allowedByDefault()
  return {
    tokens: isKept ? await freezeHidden(texts, from, freeze) : joinTokens(texts),
    ...{ targets, labels: space.labels.length, multiple: space.multiple, weights },
  }
}

/** Rows that the means of the labels are of, at most. */
const mostMeanRows = 2000

/** Directions of the labels' means; where a row has several labels, a head trained on the frozen encoder. */
async function startingHead(
  work: ClassificationWork,
  { learn }: Fold,
  freeze: FreezeOptions,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { base, space, texts, targets, weights } = work
  if (space.multiple) {
    const [head] = await headsOf(work, await freezeVectors(texts, freeze), [learn], {
      ...{ name: 'head', from: 0, to: 0.01 },
    })
    return asStart(head!)
  }
  const labels = space.labels.length
  const rows = sampled(learn, Math.max(mostMeanRows, 8 * labels))
  const vectors = await freezeVectors(
    Array.from(rows, (row) => texts[row]!),
    freeze,
  )
  const weight = meanDirections({
    ...{ vectors, width: base.config.hidden, labels },
    targets: Float32Array.from({ length: rows.length * labels }, (_, at) => {
      return targets[rows[Math.floor(at / labels)]! * labels + (at % labels)]!
    }),
    weights: Float32Array.from(rows, (row) => weights[row]!),
  })
  return asStart({ weight, bias: new Float32Array(labels) })
}

function startingAdapter(
  { base, options }: ClassificationWork,
  { adapter }: ClassifierTuning,
): ReadonlyMap<string, Float32Array> {
  if (!adapter) return new Map()
  return loraStart(base.config, adapter, seededRandom(options.seed).fork('adapter'))
}

function asStart({ weight, bias }: HeadWeights): ReadonlyMap<string, Float32Array> {
  return new Map([
    ['head.weight', weight],
    ['head.bias', bias],
  ])
}

/** Tensors as they are kept: a head of cosines is a linear one. */
function changedTensors(
  { base, space }: ClassificationWork,
  tensors: ReadonlyMap<string, Float32Array>,
  { steepness, adapter }: ClassifierTuning,
): TrainedClassifier['changed'] {
  const adapted = adapter ? loraShapes(base.config, adapter) : new Map<string, readonly number[]>()
  const shapeOf = (name: string): readonly number[] => adapted.get(name) ?? base.tensors.shapeOf(name)
  const layers = [...tensors].flatMap(([name, data]) =>
    name.startsWith('head.')
      ? []
      : [[name, { shape: shapeOf(name), data: Float32Array.from(data) }] as const],
  )
  const head = { weight: tensors.get('head.weight')!, bias: tensors.get('head.bias')! }
  return new Map([...layers, ...headTensors(space.multiple ? head : linearOfCosines(head, steepness))])
}

interface Found {
  readonly novelty: NoveltyTensors
  readonly judged: readonly Judged[]
  readonly precision: WeightPrecision
}

/** Texts that say how the inputs of layers are rounded. */
const mostRangeRows = 256

/**
 * What a model says of rows that it has not seen, and how far they are from those that it has, with its layers in a form
 * that was chosen before; without one in that which these rows choose.
 */
async function look(
  work: ClassificationWork,
  recipe: ClassifierTuning,
  tensors: ReadonlyMap<string, Float32Array>,
  { learn, check }: Fold,
  form?: PrecisionKind,
): Promise<Found> {
  const { base, runtime, texts, threads, options } = work
  const changed = changedTensors(work, tensors, recipe)
  const about = {
    ...{ base, runtime, threads, tensors: overlaid(base.tensors, tensorsInMemory(changed)) },
    ...(recipe.adapter && { adapter: recipe.adapter }),
    ...(options.signal && { signal: options.signal }),
  }
  const known = noveltyRows(learn)
  const asked = Int32Array.from([...check, ...known])
  const lookAs = async (precision: WeightPrecision): Promise<Found> => {
    const framed = Array.from(asked, (row) => texts[row]!)
    return findIn(work, changed, {
      features: await vectorsOf(framed, precision, about),
      asked,
      check,
      precision,
    })
  }
  // What adapters stand beside is shared by all, and ranges of 8 bits are a specialist's own.
  if (form === 'float32' || recipe.adapter) return lookAs('float32')
  const ranged = Array.from(sampled(learn, mostRangeRows), (row) => texts[row]!)
  const int8 = await lookAs(await eightBits(ranged, about))
  if (form === 'int8') return int8
  const float32 = await lookAs('float32')
  return choosePrecision(float32.judged, int8.judged) === 'int8' ? int8 : float32
}

interface Looked {
  /** Vectors of the rows asked: those to judge, then those that it knows. */
  readonly features: Float32Array
  readonly asked: Int32Array
  readonly check: Int32Array
  readonly precision: WeightPrecision
}

async function findIn(
  work: ClassificationWork,
  changed: TrainedClassifier['changed'],
  { features, asked, check, precision }: Looked,
): Promise<Found> {
  const vectors = {
    ...{ features, width: work.base.config.hidden },
    classes: Int32Array.from(asked, (row) => work.classes[row]!),
  }
  const places = Int32Array.from(asked.keys())
  const own = places.subarray(0, check.length)
  const { signal } = work.options
  const { novelty, distances } = await findNovelty(
    { vectors, known: places.subarray(check.length), asked: own },
    signal && { signal },
  )
  const head = { weight: changed.get('head.weight')!.data, bias: changed.get('head.bias')!.data }
  const logits = headLogitsOf(head, features, own)
  return { novelty, judged: judgeRows(work, check, { logits, distances }), precision }
}
