// What all steps of a classifier's training read: the rows as the encoder takes them, what they are to be, who judges
// them, and the time that is left.
import { join } from 'node:path'
import type { Progress } from '../../base/progress.ts'
import { seededRandom } from '../../base/random.ts'
import type { ExampleSet } from '../../data/example.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { maxTokensOf } from '../../model/encoder/encoder-config.ts'
import { frameText } from '../../model/encoder/framing.ts'
import type { StoredTensor } from '../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { TrainModelOptions } from '../../runtime/training/train-model.ts'
import type { Task } from '../../task/types.ts'
import { type Fold, innerFolds } from '../nano/folds.ts'
import { textOf } from '../nano/inputs.ts'
import type { TrainOptions } from '../tier.ts'
import type { Judged } from './judge-rows.ts'
import { labelWords } from './label-names.ts'
import { classesOf, type LabelSpace, labelSpaceOf, targetsOf } from './labels.ts'
import type { NoveltyTensors } from './novelty.ts'
import type { Recipe, RecipeFacts } from './recipe.ts'
import { sampled } from './sampled.ts'

export interface ClassificationParts {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly recipeOf: (facts: RecipeFacts) => Recipe
  readonly threads: number
  readonly runtimeFolder?: string
}

/** Tokens of a text at most when it is asked about; what lies behind is not read. */
const mostTokens = 256

/** Rows beyond the examples are names of labels: they are learnt from, and nobody is judged by them. */
export interface ClassificationWork extends ClassificationParts {
  readonly set: ExampleSet
  readonly space: LabelSpace
  readonly maxTokens: number
  readonly texts: readonly Int32Array[]
  readonly classes: Int32Array
  /** [rows, labels]. */
  readonly targets: Float32Array
  readonly weights: Float32Array
  /** Numbers of all rows. */
  readonly every: Int32Array
  readonly folds: readonly Fold[]
  readonly recipe: Recipe
  readonly options: TrainOptions
  /** When the time that training may take ends, by the clock of `performance.now`. */
  readonly deadline: number | undefined
}

/** What a training makes. */
export interface TrainedClassifier {
  /** Tensors that differ from the base's, the head's among them. */
  readonly changed: ReadonlyMap<string, StoredTensor>
  readonly novelty: NoveltyTensors
  readonly judged: readonly Judged[]
  /** How its layers are served, and were judged. */
  readonly precision: WeightPrecision
  /** Steps of a time budget that were left out, of those planned. */
  readonly trimmed?: { readonly steps: number; readonly plannedSteps: number }
}

/** Reads a task's examples for training. */
export function prepareClassification(
  task: Task,
  set: ExampleSet,
  options: TrainOptions,
  parts: ClassificationParts,
): ClassificationWork {
  const { examples } = set
  const space = labelSpaceOf(task)
  const { config, tokenizer } = parts.base
  const { seed, budgetMs, lora } = options
  const maxTokens = Math.min(mostTokens, maxTokensOf(config))
  const frame = (text: string): Int32Array => frameText(tokenizer, text, maxTokens)
  const own = examples.map(({ input }) => frame(textOf(input)))
  const tokens = own.reduce((sum, { length }) => sum + length, 0)
  const recipe = parts.recipeOf({
    ...{ rows: own.length, tokens, classes: space.labels.length, config },
    ...(lora !== undefined && { lora }),
  })
  const classes = classesOf(examples, space)
  const names = recipe.fineTune?.labelNames && !space.multiple ? namedLabels(space) : []
  const folds = innerFolds(
    { classes, groups: groupsOf(set), contained: new Uint8Array(examples.length) },
    seededRandom(seed).fork('folds'),
  )
  const nameRows = Int32Array.from(names, (_, i) => examples.length + i)
  return {
    ...parts,
    ...{ set, space, recipe, options, maxTokens },
    texts: [...own, ...names.map(({ words }) => frame(words))],
    classes: Int32Array.from([...classes, ...names.map(({ label }) => label)]),
    targets: withNames(targetsOf(examples, space), names, space),
    weights: Float32Array.from([...examples.map(({ weight }) => weight), ...names.map(() => 1)]),
    every: Int32Array.from({ length: examples.length + names.length }, (_, row) => row),
    folds: folds.map(({ learn, check }) => ({ learn: Int32Array.from([...learn, ...nameRows]), check })),
    deadline: budgetMs === undefined ? undefined : performance.now() + budgetMs,
  }
}

interface NamedLabel {
  readonly label: number
  readonly words: string
}

function namedLabels({ labels }: LabelSpace): readonly NamedLabel[] {
  return labels.flatMap((name, label) => {
    const words = labelWords(name)
    return words === undefined ? [] : [{ label, words }]
  })
}

function withNames(
  targets: Float32Array,
  names: readonly NamedLabel[],
  { labels }: LabelSpace,
): Float32Array {
  const all = new Float32Array(targets.length + names.length * labels.length)
  all.set(targets)
  names.forEach(({ label }, i) => {
    all[targets.length + i * labels.length + label] = 1
  })
  return all
}

function groupsOf({ examples }: ExampleSet): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(examples, ({ group, id }) => {
    const number = numbers.get(group ?? id) ?? numbers.size
    numbers.set(group ?? id, number)
    return number
  })
}

/** A run among those that a training consists of. */
export interface PartOfTraining {
  /** Its folder of checkpoints. */
  readonly name: string
  /** The shares of the whole where it begins and ends, 0 to 1. */
  readonly from: number
  readonly to: number
  /** Milliseconds that what comes between and after the runs will take. */
  readonly passesMs?: number
}

/** Progress in hundredths of the whole, checkpoints in a folder of the run's own, and its share of the time that is left. */
export function partOptions(
  { options, threads, runtimeFolder, deadline }: ClassificationWork,
  { name, from, to, passesMs = 0 }: PartOfTraining,
): TrainModelOptions {
  const { signal, progress, checkpointFolder } = options
  const whole: Progress = ({ done, total, detail }) => {
    const share = from + ((to - from) * done) / Math.max(1, total ?? done)
    progress?.({ stage: 'training', done: Math.round(100 * share), total: 100, ...(detail && { detail }) })
  }
  const left = deadline === undefined ? undefined : deadline - performance.now() - passesMs
  return {
    threads,
    progress: whole,
    ...(signal && { signal }),
    ...(runtimeFolder !== undefined && { runtimeFolder }),
    ...(checkpointFolder !== undefined && { checkpoints: { folder: join(checkpointFolder, name) } }),
    ...(left !== undefined && { budgetMs: Math.max(leastBudgetMs, (left * (to - from)) / (1 - from)) }),
  }
}

const leastBudgetMs = 1000

/** Rows of the training part that the distance of novelty is fitted on, at most. */
const mostNoveltyRows = 1500

/** Of rows that were learnt from, those that novelty is fitted on. */
export function noveltyRows(rows: Int32Array): Int32Array {
  return sampled(rows, mostNoveltyRows)
}
