// Trains the upper layers of an encoder with a head in two stages: first without the rows held aside, which are judged
// by what came out, then on from there with all rows.
import { tensorsInMemory } from '../../model/weights/tensor-source.ts'
import { allowedByDefault } from '../../runtime/training/memory.ts'
import type { Fold } from '../nano/folds.ts'
import { overlaid } from './artefact.ts'
import { linearOfCosines, meanDirections } from './class-means.ts'
import {
  type ClassificationWork,
  partOptions,
  sampled,
  type TrainedClassifier,
} from './classification-work.ts'
import { openClassifier, scoreTexts } from './classifier.ts'
import { type FineTuneRows, fineTune, firstTrained } from './fine-tune.ts'
import { headsOf, headTensors } from './frozen-classifier.ts'
import type { HeadWeights } from './head-training.ts'
import { type Judged, judgeRows } from './judge-rows.ts'
import { fitNovelty, type NoveltyTensors, noveltyDistances } from './novelty.ts'
import type { ClassifierTuning } from './recipe.ts'
import { type FreezeOptions, freezeHidden, freezeVectors, hiddenBytes, joinTokens } from './rows.ts'

/** Trains a classifier whose upper layers are its own. */
export async function trainTuned(
  work: ClassificationWork,
  recipe: ClassifierTuning,
  freeze: FreezeOptions,
): Promise<TrainedClassifier> {
  const fold = checkFold(work)
  const rows = await rowsOf(work, recipe, freeze)
  const { epochs, learningRate, finish } = recipe
  const { seed } = work.options
  const stages = stageShares(work, fold, recipe)
  let tensors = await startingHead(work, fold, freeze)
  let found: Found = { novelty: new Map(), judged: [] }
  let planned = 0
  let done = 0
  const stage = async (name: 'learn' | 'whole', own: StageOf): Promise<void> => {
    const options = partOptions(work, { name, ...stages[name] })
    const result = await fineTune(work.base, rows, recipe, { ...own, start: tensors, seed }, options)
    tensors = result.tensors
    done += result.steps
    planned += result.trimmed?.plannedSteps ?? result.steps
    found = await look(work, recipe, tensors, name === 'learn' ? fold : { learn: work.every, check: none })
  }
  if (fold.check.length > 0) await stage('learn', { learn: fold.learn, epochs, learningRate })
  const { judged } = found
  const isJudged = judged.length > 0
  if (!isJudged) await stage('whole', { learn: work.every, epochs: epochs + finish.epochs, learningRate })
  else if (finish.epochs > 0) await stage('whole', { learn: work.every, ...finish })
  return {
    changed: changedTensors(work, tensors, recipe),
    ...{ novelty: found.novelty, judged },
    ...(done < planned && { trimmed: { steps: done, plannedSteps: planned } }),
  }
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
  { steepness }: ClassifierTuning,
): TrainedClassifier['changed'] {
  const layers = [...tensors].flatMap(([name, data]) =>
    name.startsWith('head.')
      ? []
      : [[name, { shape: base.tensors.shapeOf(name), data: Float32Array.from(data) }] as const],
  )
  const head = { weight: tensors.get('head.weight')!, bias: tensors.get('head.bias')! }
  return new Map([...layers, ...headTensors(space.multiple ? head : linearOfCosines(head, steepness))])
}

interface Found {
  readonly novelty: NoveltyTensors
  readonly judged: readonly Judged[]
}

/** What a model says of rows that it has not seen, and how far they are from those that it has. */
async function look(
  work: ClassificationWork,
  recipe: ClassifierTuning,
  tensors: ReadonlyMap<string, Float32Array>,
  { learn, check }: Fold,
): Promise<Found> {
  const { base, runtime, texts, classes, threads, space, options } = work
  const { config, pooling, name } = base
  const signal = options.signal && { signal: options.signal }
  const source = overlaid(base.tensors, tensorsInMemory(changedTensors(work, tensors, recipe)))
  const about = { name, config, pooling, labels: space.labels.length, threads, spinning: true, ...signal }
  const session = await openClassifier(source, runtime, about)
  try {
    const asked = [...check, ...sampled(learn)]
    const { logits, features } = await scoreTexts(
      session,
      asked.map((row) => texts[row]!),
      signal,
    )
    const vectors = {
      ...{ features: features!, width: config.hidden },
      classes: Int32Array.from(asked, (row) => classes[row]!),
    }
    const places = Int32Array.from(asked.keys())
    const novelty = fitNovelty(vectors, places.subarray(check.length))
    const distances = noveltyDistances(novelty, vectors, places.subarray(0, check.length))
    return { novelty, judged: judgeRows(work, check, { logits, distances }) }
  } finally {
    await session.release()
  }
}
