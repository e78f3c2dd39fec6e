/** Probabilities for each row by a plain model that was not trained on it, for finding label errors and what findings do to a score. */
import { throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { OutOfFold } from '../data/label-errors.ts'
import { softmaxInPlace } from '../model/linear/softmax.ts'
import { pickSparseRows, type SparseRows } from '../model/linear/sparse-rows.ts'
import { createSparseTrainer, sparseLogits } from '../model/linear/sparse-softmax.ts'
import { createTermCounter } from '../model/linear/terms.ts'
import { fitTfidf, tfidfRows } from '../model/linear/tfidf.ts'
import { baselineNgrams } from './baselines.ts'

const folds = 3
/** Fewer than for the best accuracy: a model that has not learned its errors by heart shows them best. */
const epochs = 3

export interface OutOfFoldInput {
  readonly texts: readonly string[]
  /** Class of each text, 0 up to `classCount`. */
  readonly classes: Int32Array
  readonly classCount: number
  /** Rows with the same number are in one fold, as a text and its repeats must be. */
  readonly groups: Int32Array
}

/** Texts as TF-IDF rows, to be cross-validated as often as is needed. */
export interface OutOfFoldModel {
  /** Cross-validates; rows for which `learns` is 0 are predicted but not learned from. */
  predict(options: WorkOptions & { readonly seed: number; readonly learns?: Uint8Array }): Promise<OutOfFold>
}

/** Prepares texts for {@link OutOfFoldModel.predict}: TF-IDF with logistic regression, in three folds. */
export function outOfFoldModel(input: OutOfFoldInput): OutOfFoldModel {
  const counter = createTermCounter(baselineNgrams)
  for (const text of input.texts) counter.add(text)
  const terms = counter.finish()
  const weights = fitTfidf(terms)
  const rows = tfidfRows(terms, weights)
  const vocabularySize = weights.vocabulary.size
  return {
    predict: async ({ seed, learns, ...work }) => {
      const random = seededRandom(seed).fork('out-of-fold')
      const foldOf = dealFolds(input.groups, random)
      const probabilities = new Float32Array(input.texts.length * input.classCount)
      const numbers = Int32Array.from(input.texts.keys())
      for (let fold = 0; fold < folds; fold++) {
        const learn = numbers.filter((row) => foldOf[row] !== fold && learns?.[row] !== 0)
        const check = numbers.filter((row) => foldOf[row] === fold)
        const task = { ...input, rows, learn, check, vocabularySize }
        await predictFold(task, probabilities, { random, fold, ...work })
      }
      return { probabilities, classes: input.classes, classCount: input.classCount }
    },
  }
}

interface FoldTask extends Pick<OutOfFoldInput, 'classes' | 'classCount'> {
  readonly rows: SparseRows
  readonly learn: Int32Array
  readonly check: Int32Array
  readonly vocabularySize: number
}

async function predictFold(
  task: FoldTask,
  probabilities: Float32Array,
  options: WorkOptions & { readonly random: Random; readonly fold: number },
): Promise<void> {
  const { rows, learn, check, classCount, classes, vocabularySize } = task
  const trainer = createSparseTrainer(
    {
      rows: pickSparseRows(rows, learn),
      classes: Int32Array.from(learn, (row) => classes[row]!),
      weights: new Float32Array(learn.length).fill(1),
      classCount,
      vocabularySize,
    },
    'plain',
  )
  for (let epoch = 0; epoch < epochs; epoch++) {
    // Other work of this thread goes on between epochs.
    await new Promise<void>((resolve) => setTimeout(resolve))
    throwIfCancelled(options.signal, 'looking for label errors')
    trainer.epoch(options.random, () => {})
    const done = options.fold * epochs + epoch + 1
    options.progress?.({ stage: 'looking for label errors', done, total: folds * epochs })
  }
  const logits = new Float32Array(classCount)
  for (const row of check) {
    sparseLogits(trainer.model, rows, row, logits)
    softmaxInPlace(logits)
    probabilities.set(logits, row * classCount)
  }
}

/** A fold for each row; rows of a group share theirs. */
function dealFolds(groups: Int32Array, random: Random): Uint8Array {
  const shuffled = random.shuffle([...new Set(groups)])
  const foldOfGroup = new Map(shuffled.map((group, place) => [group, place % folds]))
  return Uint8Array.from(groups, (group) => foldOfGroup.get(group)!)
}
