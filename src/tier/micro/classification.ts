// Trains a classifier: the head on the frozen encoder first, several at once so that every row is judged by one that
// had not seen it; then, where rows are enough, the upper layers with it.
import { join } from 'node:path'
import { throwIfCancelled } from '../../base/errors.ts'
import type { Progress } from '../../base/progress.ts'
import { seededRandom } from '../../base/random.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { maxTokensOf } from '../../model/encoder/encoder-config.ts'
import { frameText } from '../../model/encoder/framing.ts'
import { safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import { type StoredTensor, tensorsInMemory } from '../../model/weights/tensor-source.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { Task } from '../../task/types.ts'
import { type Fold, innerFolds } from '../nano/folds.ts'
import { textOf } from '../nano/inputs.ts'
import type { Artefact, TrainOptions } from '../tier.ts'
import { describe, overlaid, weightsFile } from './artefact.ts'
import { openClassifier, scoreTexts } from './classifier.ts'
import { fineTune, firstTrained } from './fine-tune.ts'
import { type HeadWeights, headLogitsOf, trainHeads } from './head-training.ts'
import { heldAsideOf, type Judged, judgeRows } from './judge-rows.ts'
import { classesOf, type LabelSpace, labelSpaceOf, targetsOf } from './labels.ts'
import { fitNovelty, type NoveltyTensors, noveltyClasses, noveltyDistances } from './novelty.ts'
import type { FineTuneRecipe, Recipe, RecipeFacts } from './recipe.ts'
import { type FrozenRows, freezeRows, joinTokens } from './rows.ts'
import { usualSigns } from './usual.ts'

export interface ClassificationParts {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly recipeOf: (facts: RecipeFacts) => Recipe
  readonly threads: number
  readonly runtimeFolder?: string
}

/** Tokens of a text at most when it is asked about; what lies behind is not read. */
const mostTokens = 256
/** Rows of the training part that the distance of novelty is fitted on, at most. */
const mostNoveltyRows = 3000

/** What all steps of a training read. */
interface Work extends ClassificationParts {
  readonly set: ExampleSet
  readonly space: LabelSpace
  readonly texts: readonly Int32Array[]
  readonly classes: Int32Array
  readonly targets: Float32Array
  readonly weights: Float32Array
  readonly folds: readonly Fold[]
  readonly recipe: Recipe
  readonly options: TrainOptions
  /** When the time that training may take ends, by the clock of `performance.now`. */
  readonly deadline: number | undefined
}

interface Trained {
  /** Tensors that differ from the base's, the head's among them. */
  readonly changed: ReadonlyMap<string, StoredTensor>
  readonly novelty: NoveltyTensors
  readonly judged: readonly Judged[]
}

/** Trains a task of classification on a base. */
export async function trainClassification(
  task: Task,
  set: ExampleSet,
  options: TrainOptions,
  parts: ClassificationParts,
): Promise<Artefact> {
  const work = prepare(task, set, options, parts)
  const frozen = await freezeRows(work.texts, {
    base: parts.base,
    runtime: parts.runtime,
    threads: parts.threads,
    ...keptLayers(work),
    ...(options.signal && { signal: options.signal }),
    ...(options.progress && { progress: options.progress }),
  })
  const heads = await headsOf(work, frozen)
  const { fineTune: recipe } = work.recipe
  const trained = recipe ? await tuned(work, frozen, heads, recipe) : headOnly(work, frozen, heads)
  throwIfCancelled(options.signal, 'training')
  return artefactOf(work, trained)
}

function prepare(task: Task, set: ExampleSet, options: TrainOptions, parts: ClassificationParts): Work {
  const { examples } = set
  const space = labelSpaceOf(task)
  const { config, tokenizer } = parts.base
  const recipe = parts.recipeOf({ rows: examples.length, classes: space.labels.length, config })
  const maxTokens = Math.min(mostTokens, maxTokensOf(config))
  const classes = classesOf(examples, space)
  const groups = groupsOf(set)
  const { seed, budgetMs } = options
  return {
    ...parts,
    ...{ set, space, classes, recipe, options },
    texts: examples.map(({ input }) => frameText(tokenizer, textOf(input), maxTokens)),
    targets: targetsOf(examples, space),
    weights: Float32Array.from(examples, ({ weight }) => weight),
    folds: innerFolds(
      { classes, groups, contained: new Uint8Array(examples.length) },
      seededRandom(seed).fork('folds'),
    ),
    deadline: budgetMs === undefined ? undefined : performance.now() + budgetMs,
  }
}

function groupsOf({ examples }: ExampleSet): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(examples, ({ group, id }) => {
    const number = numbers.get(group ?? id) ?? numbers.size
    numbers.set(group ?? id, number)
    return number
  })
}

/** Hidden states are kept where upper layers train and lower ones do not. */
function keptLayers({ recipe, base }: Work): { keepAfter?: number } {
  const from = recipe.fineTune ? firstTrained(base, recipe.fineTune) : 0
  return from > 0 ? { keepAfter: from } : {}
}

/** The head of all rows, then one for each fold; where upper layers train after it, that of the first fold alone. */
async function headsOf(work: Work, { features }: FrozenRows): Promise<readonly HeadWeights[]> {
  const { targets, space, weights, recipe, base, options } = work
  const rows = {
    ...{ features, width: base.config.hidden, targets },
    ...{ labels: space.labels.length, multiple: space.multiple },
  }
  const ofFolds = work.folds.map(({ learn }) => onlyRows(weights, learn))
  const rowWeights = recipe.fineTune ? ofFolds.slice(0, 1) : [weights, ...ofFolds]
  return trainHeads(rows, rowWeights, recipe.head, {
    ...trainOptions(work, { name: 'head', part: 0, parts: recipe.fineTune ? 4 : 1, width: 1 }),
    seed: options.seed,
  })
}

function onlyRows(weights: Float32Array, rows: Int32Array): Float32Array {
  const kept = new Float32Array(weights.length)
  for (const row of rows) kept[row] = weights[row]!
  return kept
}

/** Which of how many equal parts of a training, and over how many of them, a run goes. */
interface Share {
  readonly part: number
  readonly parts: number
  readonly width: number
}

/** Progress of part of the whole, in hundredths, checkpoints in a folder of the run's own, and the time that is left. */
function trainOptions(
  { options, threads, runtimeFolder, deadline }: Work,
  { name, part, parts, width }: { readonly name: string } & Share,
) {
  const { signal, progress, checkpointFolder } = options
  const whole: Progress = ({ done, total, detail }) => {
    const share = (part + (width * done) / Math.max(1, total ?? done)) / parts
    progress?.({ stage: 'training', done: Math.round(100 * share), total: 100, ...(detail && { detail }) })
  }
  return {
    threads,
    progress: whole,
    ...(signal && { signal }),
    ...(runtimeFolder !== undefined && { runtimeFolder }),
    ...(checkpointFolder !== undefined && { checkpoints: { folder: join(checkpointFolder, name) } }),
    ...(deadline !== undefined && { budgetMs: Math.max(1000, deadline - performance.now()) }),
  }
}

function headOnly(work: Work, { features }: FrozenRows, heads: readonly HeadWeights[]): Trained {
  const { base, classes, folds, space } = work
  const vectors = { features, width: base.config.hidden, classes }
  const judged = folds.flatMap(({ learn, check }, fold) => {
    const distances = noveltyDistances(fitNovelty(vectors, sampled(learn)), vectors, check)
    return judgeRows(work, check, { logits: headLogitsOf(heads[fold + 1]!, features, check), distances })
  })
  const every = Int32Array.from(classes.keys())
  return {
    changed: headTensorsOf(heads[0]!, base.config.hidden, space),
    novelty: fitNovelty(vectors, sampled(every)),
    judged,
  }
}

async function tuned(
  work: Work,
  frozen: FrozenRows,
  heads: readonly HeadWeights[],
  recipe: FineTuneRecipe,
): Promise<Trained> {
  const { base, runtime, texts, targets, space, weights, classes, threads, options } = work
  const { learn, check } = work.folds[0]!
  const labels = space.labels.length
  const rows = {
    ...{ tokens: frozen.hidden ?? joinTokens(texts), targets, labels },
    ...{ multiple: space.multiple, weights, learn },
  }
  const start = { recipe, head: heads[0]!, seed: options.seed }
  const { tensors } = await fineTune(
    base,
    rows,
    start,
    trainOptions(work, { name: 'layers', part: 1, parts: 4, width: 3 }),
  )
  const changed = new Map(
    [...tensors].map(
      ([name, data]) =>
        [name, { shape: shapeOf(name, data, base, labels), data: Float32Array.from(data) }] as const,
    ),
  )
  const { config, pooling } = base
  const source = overlaid(base.tensors, tensorsInMemory(changed))
  const about = { name: base.name, config, pooling, labels, threads, spinning: true }
  const session = await openClassifier(source, runtime, about)
  try {
    const known = sampled(learn)
    const asked = [...check, ...known]
    const { logits, features } = await scoreTexts(
      session,
      asked.map((row) => texts[row]!),
      options.signal && { signal: options.signal },
    )
    const vectors = {
      features: features!,
      width: config.hidden,
      classes: Int32Array.from(asked, (row) => classes[row]!),
    }
    const places = Int32Array.from(asked.keys())
    const novelty = fitNovelty(vectors, places.subarray(check.length))
    const distances = noveltyDistances(novelty, vectors, places.subarray(0, check.length))
    return { changed, novelty, judged: judgeRows(work, check, { logits, distances }) }
  } finally {
    await session.release()
  }
}

function shapeOf(name: string, data: Float32Array, base: BaseModel, labels: number): readonly number[] {
  if (name === 'head.weight') return [labels, base.config.hidden]
  return name === 'head.bias' ? [data.length] : base.tensors.shapeOf(name)
}

function headTensorsOf(
  { weight, bias }: HeadWeights,
  width: number,
  { labels }: LabelSpace,
): ReadonlyMap<string, StoredTensor> {
  return new Map<string, StoredTensor>([
    ['head.weight', { shape: [labels.length, width], data: Float32Array.from(weight) }],
    ['head.bias', { shape: [labels.length], data: Float32Array.from(bias) }],
  ])
}

/** Every so many of the rows, so that no more than the limit are left. */
function sampled(rows: Int32Array): Int32Array {
  const every = Math.ceil(rows.length / mostNoveltyRows)
  return rows.filter((_, at) => at % every === 0)
}

function artefactOf(work: Work, { changed, novelty, judged }: Trained): Artefact {
  const { base, space, recipe, options } = work
  const usual = usualSigns(judged.map(({ signs }) => signs))
  const right = judged.filter(({ correct }) => correct).length
  const weights = safetensorsBytes(new Map([...changed, ...novelty]))
  return {
    tier: 'micro',
    taskKind: 'classification',
    files: new Map([[weightsFile, weights]]),
    meta: {
      model: describe({
        base: { name: base.name, digest: base.digest },
        ...{ labels: [...space.labels], multiple: space.multiple },
        maxTokens: Math.min(mostTokens, maxTokensOf(base.config)),
        noveltyClasses: noveltyClasses(novelty),
        precision: 'float32',
        usual,
      }),
      training: {
        seed: options.seed,
        trainedLayers: recipe.fineTune?.layers ?? 0,
        epochs: recipe.fineTune?.epochs ?? 0,
        checkRows: judged.length,
        checkAccuracy: right / Math.max(1, judged.length),
        sizeBytes: weights.length,
      },
    },
    heldAside: heldAsideOf(judged, usual),
  }
}
