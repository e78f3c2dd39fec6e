// Rows held aside, answered by a reader that has not seen them, and what is fitted on those that it has.
import type { BaseModel } from '../../../model/encoder/base-model.ts'
import { type StoredTensor, tensorsInMemory } from '../../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'
import type { Runtime } from '../../../runtime/runtime.ts'
import { answerF1 } from '../../../task/question-answering/answer-text.ts'
import type { Fold } from '../../nano/folds.ts'
import { overlaid } from '../artefact.ts'
import type { NoveltyTensors } from '../novelty.ts'
import { findNovelty } from '../novelty-thread.ts'
import { sampled } from '../sampled.ts'
import { brierOf, isKept } from '../serving/choose-precision.ts'
import { eightBitsOf, type LayerFormOptions } from '../serving/layer-forms.ts'
import { answersOf, type PairAnswer, type ReadPairs, readPairs } from './answer-pairs.ts'
import { type JudgedAnswers, judgeAnswers } from './judge-answers.ts'
import type { QuestionRow } from './question-rows.ts'
import { readerGraph } from './reader.ts'
import { fedWindows, openTrainedReader } from './reader-session.ts'
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
  /** The form in which its layers are served, and were judged. */
  readonly precision: WeightPrecision
  /** Of the rows held aside, in their order. */
  readonly judged: JudgedAnswers
  readonly novelty: NoveltyTensors
  readonly sentenceWeight: number
}

/** Windows that say how the inputs of layers are rounded, at most. */
const mostRangeWindows = 256

/** Answers of the rows held aside in the form that loses next to nothing by them, and the distance of novelty. */
export async function checkRows(
  work: CheckedWork,
  changed: ReadonlyMap<string, StoredTensor>,
  { signal }: { readonly signal?: AbortSignal },
): Promise<Checked> {
  const { base, runtime, threads } = work
  const tensors = overlaid(base.tensors, tensorsInMemory(changed))
  const about = { base, tensors, runtime, threads, ...(signal && { signal }) }
  const float32 = await checkAs('float32', work, about)
  if (work.fold.check.length === 0) return float32
  const int8 = await checkAs(await eightBitsFor(work, about), work, about)
  return isKept(qualityOf(float32), qualityOf(int8)) ? int8 : float32
}

type About = Omit<LayerFormOptions, 'adapter'>

function qualityOf({ judged: { f1, heldAside } }: Checked) {
  return { share: f1, brier: brierOf(heldAside) }
}

function eightBitsFor({ rows, fold }: CheckedWork, about: About): Promise<WeightPrecision> {
  const known = sampled(fold.learn, mostNoveltyRows)
  const windows = [...known].flatMap((row) => rows[row]!.pair.windows)
  const { hidden } = readerGraph(about.base.config, { joined: true })
  return eightBitsOf(hidden, fedWindows(sampled(windows, mostRangeWindows), about.base.config), about)
}

async function checkAs(precision: WeightPrecision, work: CheckedWork, about: About): Promise<Checked> {
  const { rows, fold, recipe } = work
  const { config } = about.base
  const session = await openTrainedReader(precision, about)
  try {
    const known = sampled(fold.learn, mostNoveltyRows)
    const pairs = [...fold.check, ...known].map((row) => rows[row]!.pair)
    const { signal } = about
    const read = await readPairs(session, pairs, { config, ...(signal && { signal }) })
    const sentenceWeight = bestSentenceWeight(work, read)
    const { answers, features } = answersOf(read, { answerTokens: recipe.answerTokens, sentenceWeight })
    const { novelty, answers: found } = await withDistances(answers, features!, {
      ...{ width: config.hidden, checked: fold.check.length, ...(signal && { signal }) },
    })
    const checked = Array.from(fold.check, (row) => rows[row]!)
    return { precision, judged: judgeAnswers(checked, found), novelty, sentenceWeight }
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

async function withDistances(
  answers: readonly PairAnswer[],
  found: readonly (Float32Array | undefined)[],
  {
    width,
    checked: count,
    signal,
  }: { readonly width: number; readonly checked: number; readonly signal?: AbortSignal },
): Promise<{ readonly novelty: NoveltyTensors; readonly answers: readonly PairAnswer[] }> {
  const features = new Float32Array(found.length * width)
  found.forEach((vector, row) => {
    features.set(vector ?? [], row * width)
  })
  const vectors = { features, width, classes: new Int32Array(found.length) }
  const present = Int32Array.from(found.keys()).filter((row) => found[row] !== undefined)
  const others = present.filter((row) => row >= count)
  const known = others.length > 0 ? others : present
  const asked = Int32Array.from({ length: count }, (_, row) => row)
  const { novelty, distances } = await findNovelty({ vectors, known, asked }, signal && { signal })
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
