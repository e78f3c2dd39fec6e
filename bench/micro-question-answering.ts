/**
 * Question answering by the micro tier on squad2_cs224n and cmrc2018, split by article: the sentence with the answer, F1
 * with "not there" as SQuAD 2.0 and CMRC 2018 count it, and how well "not there" is told, beside plain baselines.
 * `SHOAL_HOME` names the folder with the base models; parts are resumed; `SHOAL_BENCH_ONLY` picks some of them.
 */

import { taskId } from '../src/base/ids.ts'
import type { JsonObject } from '../src/base/json.ts'
import type { ExampleSet } from '../src/data/example.ts'
import { exampleId, exampleSet } from '../src/data/example-set.ts'
import { nearestSentence } from '../src/eval/answer-baselines.ts'
import { auroc } from '../src/stats/ranking.ts'
import { plainAnswers } from '../src/task/question-answering/answer-rendering.ts'
import { answerF1, type QuestionAnswer, sameAnswer } from '../src/task/question-answering/answer-text.ts'
import type { Task, TaskInput } from '../src/task/types.ts'
import { createMicroTier, servingOptions } from '../src/tier/micro/micro-tier.ts'
import { answerPrediction } from '../src/tier/micro/question-answering/answer-prediction.ts'
import { type LoadedReader, loadReader } from '../src/tier/micro/question-answering/load-reader.ts'
import { sentencesOf } from '../src/tier/micro/question-answering/sentences.ts'
import { createMicroServing } from '../src/tier/micro/serving/serving.ts'
import { withMicroParts } from './base-models.ts'
import { resumableCells } from './cells.ts'
import { type AnswerRow, type AnswerSetName, readAnswerSet } from './data/answer-sets.ts'
import { digestOf } from './data/entity-sets.ts'
import type { Bench, Figure } from './harness.ts'

interface Measured {
  readonly set: AnswerSetName
  readonly base: string
  readonly figures: (scores: Scores) => readonly Figure[]
}

const tasks: readonly Measured[] = [
  { set: 'squad2_cs224n', base: 'minilm', figures: squadFigures },
  { set: 'cmrc2018', base: 'bge-small-zh', figures: cmrcFigures },
]

const task: Task = {
  id: taskId('bench'),
  kind: 'question-answering',
  space: { kind: 'answer' },
  rendering: plainAnswers,
  risk: { risk: 0.02, delta: 0.05 },
  masked: false,
  paused: false,
}

export const bench: Bench = {
  name: 'micro-question-answering',
  title: 'micro tier, answers to questions about a text, test articles that training has not seen',
  run: async () => {
    const only = process.env['SHOAL_BENCH_ONLY']?.split(',')
    // `SHOAL_BENCH_SPLIT=dev` while anything is still being chosen: the test articles are for the end.
    const split = process.env['SHOAL_BENCH_SPLIT'] === 'dev' ? 'dev' : 'test'
    const results: JsonObject[] = []
    const figures: Figure[] = []
    const data: Record<string, string> = {}
    for (const { set, base, figures: figuresOf } of tasks) {
      if (only && !only.includes(set)) continue
      const scores = await cell<Scores>({ set, base, seed: 0, split }, () => measure(set, base, split))
      const { file } = readAnswerSet(set)
      data[file] = digestOf(file)
      results.push({ set, base, ...scores })
      figures.push(...figuresOf(scores))
    }
    return { seed: 0, options: { only: only ?? null, split }, data, figures, results }
  },
}

const cell = resumableCells('micro-question-answering', [
  ...['tier/micro', 'model/encoder', 'runtime/training'],
])

/** Shares in 0..1. */
interface AnswerScores extends JsonObject {
  /** Of the answerable questions: the sentence with the answer was found. */
  readonly sentence: number
  readonly lexicalSentence: number
  /** With "not there". */
  readonly f1: number
  readonly exact: number
  /** Always "not there". */
  readonly notThereF1: number
  /** Of answerable questions, were all of them answered. */
  readonly spanF1: number
  readonly spanExact: number
  /** The nearest sentence as the answer, of answerable questions. */
  readonly sentenceF1: number
  readonly answered: number
  readonly notThereAuroc: number | null
  /** How well scores tell right answers from wrong ones. */
  readonly scoreAuroc: number | null
  readonly questionsPerSecond: number
}

interface Scores extends AnswerScores {
  readonly trainSeconds: number
  readonly sizeBytes: number
}

function examplesOf(rows: readonly AnswerRow[]): ExampleSet {
  return exampleSet(
    rows.map(({ article, question, context, answers }) => {
      const input: TaskInput = { kind: 'question', question, context }
      const output = answerOf(answers)
      return { id: exampleId(input), input, output, source: 'gold', weight: 1, group: article }
    }),
  )
}

function answerOf([span, ...others]: AnswerRow['answers']): QuestionAnswer {
  return { kind: 'answer', ...(span && { span }), ...(others.length > 0 && { others }) }
}

async function measure(set: AnswerSetName, base: string, split: 'dev' | 'test'): Promise<Scores> {
  const { train, test } = readAnswerSet(set)
  const parts = split === 'dev' ? devParts(train) : { train, held: test }
  return withMicroParts(async (micro) => {
    const began = performance.now()
    const artefact = await createMicroTier({ ...micro, base }).train(task, examplesOf(parts.train), {
      seed: 0,
      progress: ({ done, detail }) =>
        process.stderr.write(`${set} ${done} ${JSON.stringify(detail ?? '')}\n`),
    })
    const trainSeconds = (performance.now() - began) / 1000
    const reader = await loadReader(artefact, createMicroServing(servingOptions({ ...micro, threads: 2 })))
    try {
      const scores = await score(reader, parts.held)
      const sizeBytes = [...artefact.files.values()].reduce((sum, { length }) => sum + length, 0)
      return { ...scores, trainSeconds, sizeBytes, training: artefact.meta['training'] ?? null }
    } finally {
      await reader.release()
    }
  })
}

/** Every fourth article of the training part, from the second on, at most three; every fifth of many. */
function devParts(train: readonly AnswerRow[]): { readonly train: AnswerRow[]; readonly held: AnswerRow[] } {
  const articles = [...new Set(train.map(({ article }) => article))].sort()
  const isHeld = (at: number): boolean => (articles.length < 50 ? at % 4 === 1 : at % 5 === 0)
  const held = new Set(articles.filter((_, at) => isHeld(at)))
  return {
    train: train.filter(({ article }) => !held.has(article)),
    held: train.filter(({ article }) => held.has(article)),
  }
}

const scoredAtOnce = 64

async function score(reader: LoadedReader, rows: readonly AnswerRow[]): Promise<AnswerScores> {
  const began = performance.now()
  const answers: Awaited<ReturnType<LoadedReader['find']>>[number][] = []
  for (let at = 0; at < rows.length; at += scoredAtOnce) {
    const inputs = rows
      .slice(at, at + scoredAtOnce)
      .map(({ question, context }): TaskInput => ({ kind: 'question', question, context }))
    answers.push(...(await reader.find(inputs)))
  }
  const questionsPerSecond = rows.length / ((performance.now() - began) / 1000)
  const judged = rows.map((row, at) => {
    const { found } = answers[at]!
    const expected = answerOf(row.answers)
    const best: QuestionAnswer = { kind: 'answer', ...(found && { span: found.span }) }
    const { output, score: sure, distribution } = answerPrediction(answers[at]!, reader.description)
    const said = output.kind === 'answer' ? output : best
    return {
      ...{ row, expected, best, said, sure },
      isThere: row.answers.length > 0,
      there: Number(distribution?.probabilities[0]),
      nearest: nearestSentence({ kind: 'question', question: row.question, context: row.context }),
    }
  })
  const there = judged.filter(({ isThere }) => isThere)
  const isRight = ({ said, expected }: (typeof judged)[number]): boolean => sameAnswer(said, expected)
  return {
    sentence: meanOf(there, ({ row, best }) => Number(holdsAnswer(row, best.span?.start))),
    lexicalSentence: meanOf(there, ({ row, nearest }) => Number(holdsAnswer(row, nearest?.start))),
    f1: meanOf(judged, ({ said, expected }) => answerF1(said, expected)),
    exact: meanOf(judged, (one) => Number(isRight(one))),
    notThereF1: 1 - there.length / judged.length,
    spanF1: meanOf(there, ({ best, expected }) => answerF1(best, expected)),
    spanExact: meanOf(there, ({ best, expected }) => Number(sameAnswer(best, expected))),
    sentenceF1: meanOf(there, ({ nearest, expected }) =>
      answerF1({ kind: 'answer', ...(nearest && { span: nearest }) }, expected),
    ),
    answered: meanOf(judged, ({ said }) => Number(said.span !== undefined)),
    notThereAuroc: auroc(judged.map(({ there: score, isThere }) => ({ score, positive: isThere }))) ?? null,
    scoreAuroc: auroc(judged.map((one) => ({ score: one.sure, positive: isRight(one) }))) ?? null,
    questionsPerSecond,
  }
}

function meanOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0) / Math.max(1, items.length)
}

/** True where an answer begins in the sentence that a place lies in. */
function holdsAnswer({ context, answers }: AnswerRow, place: number | undefined): boolean {
  if (place === undefined) return false
  const sentence = sentencesOf(context).find(({ start, end }) => start <= place && place < end)
  return answers.some(({ start }) => sentence && sentence.start <= start && start < sentence.end)
}

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`

function squadFigures(scores: Scores): readonly Figure[] {
  const { sentence, lexicalSentence, f1, notThereF1, notThereAuroc } = scores
  return [
    {
      what: 'squad2_cs224n, sentence with the answer found, answerable questions',
      measured: percent(sentence),
      ...{ target: 'at least 88%', met: sentence >= 0.88 },
      peer: `frozen MiniLM-L6 cosine 80.4%; shared rare words ${percent(lexicalSentence)}`,
    },
    {
      what: 'squad2_cs224n, F1 with no-answer',
      measured: percent(f1),
      ...{ target: 'at least 60%', met: f1 >= 0.6 },
      peer: `always "not there" ${percent(notThereF1)}`,
    },
    {
      what: 'squad2_cs224n, no-answer AUROC',
      measured: (notThereAuroc ?? 0).toFixed(3),
      ...{ target: 'at least 0.75', met: (notThereAuroc ?? 0) >= 0.75 },
    },
    ...speedFigures('squad2_cs224n', scores),
  ]
}

function cmrcFigures(scores: Scores): readonly Figure[] {
  return [
    {
      what: 'cmrc2018, character F1',
      measured: percent(scores.f1),
      ...{ target: 'reported', met: true },
      peer: `the nearest sentence ${percent(scores.sentenceF1)}; always "not there" ${percent(scores.notThereF1)}`,
    },
    {
      what: 'cmrc2018, exact match',
      measured: percent(scores.exact),
      ...{ target: 'reported', met: true },
    },
    ...speedFigures('cmrc2018', scores),
  ]
}

function speedFigures(set: string, { trainSeconds, questionsPerSecond }: Scores): readonly Figure[] {
  return [
    { what: `${set}, training`, measured: `${trainSeconds.toFixed(0)} s`, target: 'reported', met: true },
    {
      what: `${set}, questions a second`,
      measured: questionsPerSecond.toFixed(0),
      ...{ target: 'reported', met: true },
    },
  ]
}
