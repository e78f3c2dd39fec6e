// Rows held aside, answered by a reader that has not seen them, and what is fitted on those that it has.
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { type StoredTensor, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { answerF1 } from '../../../task/question-answering/answer-text.ts'
import type { Fold } from '../../nano/folds.ts'
import { overlaid } from '../artefact.ts'
import { fitNovelty, type NoveltyTensors, noveltyDistances } from '../novelty.ts'
import { answersOf, type PairAnswer, type ReadPairs, readPairs } from './answer-pairs.ts'
import type { QuestionRow } from './question-rows.ts'
import { openTrainedReader } from './reader-session.ts'
import type { ReaderRecipe } from './recipe.ts'

/** Rows of the training part that the distance of novelty is fitted on, at most. */
const mostNoveltyRows = 600

/** What of a training is needed for it. */
export interface CheckedWork {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly rows: readonly QuestionRow[]
  readonly fold: Fold
  readonly recipe: ReaderRecipe
  readonly threads: number
}

/** What rows held aside show. */
export interface Checked {
  /** Of the rows held aside, in their order. */
  readonly answers: readonly PairAnswer[]
  readonly novelty: NoveltyTensors
  readonly sentenceWeight: number
}

/** Answers of the rows held aside, and the distance of novelty fitted on the others. */
export async function checkRows(
  work: CheckedWork,
  changed: ReadonlyMap<string, StoredTensor>,
  { signal }: { readonly signal?: AbortSignal },
): Promise<Checked> {
  const { base, runtime, rows, fold, recipe, threads } = work
  const { config } = base
  const tensors = overlaid(base.tensors, tensorsInMemory(changed))
  const about = { base, tensors, runtime, threads, ...(signal && { signal }) }
  const session = await openTrainedReader('float32', about)
  try {
    const known = sampled(fold.learn)
    const pairs = [...fold.check, ...known].map((row) => rows[row]!.pair)
    const read = await readPairs(session, pairs, {
      config,
      ...(signal && { signal }),
    })
    const sentenceWeight = bestSentenceWeight(work, read)
    const { answers, features } = answersOf(read, { answerTokens: recipe.answerTokens, sentenceWeight })
    const found = withDistances(answers, features!, { width: config.hidden, checked: fold.check.length })
    return { ...found, sentenceWeight }
  } finally {
    await session.release()
  }
}

/** Weights of the sentence beside the reader that are tried. */
const sentenceWeights = [0, 0.25, 0.5, 0.75, 1, 1.5, 2] as const

/** With which quotes are best on the rows held aside whose answer is there. */
function bestSentenceWeight({ rows, fold, recipe }: CheckedWork, read: ReadPairs): number {
  const scores = sentenceWeights.map((sentenceWeight) => {
    const { answers } = answersOf(read, { answerTokens: recipe.answerTokens, sentenceWeight })
    return fold.check.reduce((sum, row, at) => {
      const { answer } = rows[row]!
      const span = answers[at]!.found?.span
      return answer.span && span ? sum + answerF1({ kind: 'answer', span }, answer) : sum
    }, 0)
  })
  return sentenceWeights[scores.indexOf(Math.max(...scores))]!
}

/** Every so many of the rows, so that no more than the limit are left. */
function sampled(rows: Int32Array): Int32Array {
  const every = Math.ceil(rows.length / mostNoveltyRows)
  return rows.filter((_, at) => at % every === 0)
}

function withDistances(
  answers: readonly PairAnswer[],
  found: readonly (Float32Array | undefined)[],
  { width, checked: count }: { readonly width: number; readonly checked: number },
): Omit<Checked, 'sentenceWeight'> {
  const features = new Float32Array(found.length * width)
  found.forEach((vector, row) => {
    features.set(vector ?? [], row * width)
  })
  const vectors = { features, width, classes: new Int32Array(found.length) }
  const present = Int32Array.from(found.keys()).filter((row) => found[row] !== undefined)
  const others = present.filter((row) => row >= count)
  const novelty = fitNovelty(vectors, others.length > 0 ? others : present)
  const distances = noveltyDistances(
    novelty,
    vectors,
    Int32Array.from({ length: count }, (_, row) => row),
  )
  return {
    novelty,
    answers: answers.slice(0, count).map((answer, row) => ({
      ...answer,
      ...(answer.novelty && {
        novelty: { ...answer.novelty, distance: Math.sqrt(Math.max(0, distances[row]!)) },
      }),
    })),
  }
}
