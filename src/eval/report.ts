/** A specialist beside the plain baselines, and beside the upstream where its answers are known, on the same test rows. */
import { assert, throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { type PairedDifference, pairedDifference } from '../stats/paired.ts'
import type { Span, TaskInput, TaskOutput } from '../task/types.ts'
import type { AnswerBaseline, Baseline, BaselineName, PlainBaseline, SpanBaseline } from './baseline.ts'
import { strictF1 } from './extraction.ts'
import { type JudgedTask, judge, partsRows } from './judge.ts'
import { meanAnswerF1 } from './question-answering.ts'

export interface Contender {
  readonly name: BaselineName | 'upstream'
  /** Share of test rows whose output is right, with its 95% interval. */
  readonly accuracy: Estimate
  /** Strict F1 of its spans, for extraction; mean F1 of its answers, for question answering. */
  readonly f1?: Estimate
  /** The specialist's accuracy less this one's, on the same rows: 95% paired interval, McNemar's p-value. */
  readonly specialistLead: PairedDifference
}

export interface Comparison {
  readonly rows: number
  readonly accuracy: Estimate
  /** That of the specialist. */
  readonly f1?: Estimate
  readonly contenders: readonly Contender[]
}

/** A baseline that has learned from the training rows. */
export interface FittedContender {
  readonly name: BaselineName
  predict(inputs: readonly TaskInput[], options: WorkOptions): Promise<readonly TaskOutput[]>
}

export interface CompareInput {
  readonly test: readonly Example[]
  /** The specialist's answers to the test rows, in step. */
  readonly predictions: readonly { readonly output: TaskOutput }[]
  readonly baselines: readonly FittedContender[]
  /** The upstream's answers to the test rows, where the right ones are known from elsewhere. */
  readonly upstream?: readonly { readonly output: TaskOutput }[]
  readonly seed: number
  /** What decides whether two outputs say the same; needed for extraction. */
  readonly task?: JudgedTask
}

/** Fits the baselines of the rows' kind: texts with single labels or spans, or questions with answers. */
export async function fitBaselines(
  baselines: readonly PlainBaseline[],
  train: readonly Example[],
  options: WorkOptions & { readonly seed: number },
): Promise<readonly FittedContender[]> {
  if (train[0]?.output.kind === 'answer') return baselines.flatMap(asAnswering)
  const texts = train.map(({ input }) => textOf(input))
  const spans = train.flatMap(({ output }) => (output.kind === 'spans' ? [output.spans] : []))
  const isSpans = spans.length > 0
  const labels = isSpans ? [] : train.map(labelOf)
  const contenders: FittedContender[] = []
  for (const baseline of baselines) {
    throwIfCancelled(options.signal, 'fitting the baselines')
    if ('answer' in baseline || (baseline.name === 'dictionary') !== isSpans) continue
    contenders.push(
      baseline.name === 'dictionary'
        ? fitSpans(baseline, texts, spans)
        : await fitLabels(baseline, { texts, labels, options }),
    )
  }
  return contenders
}

function asAnswering(baseline: PlainBaseline): readonly FittedContender[] {
  if (!('answer' in baseline)) return []
  const answerTo = (input: TaskInput): ReturnType<AnswerBaseline['answer']> => {
    assert(input.kind === 'question', 'the plain baselines of answers read questions only')
    return baseline.answer(input)
  }
  return [{ name: baseline.name, predict: async (asked) => asked.map(answerTo) }]
}

function fitSpans(
  baseline: SpanBaseline,
  texts: readonly string[],
  spans: readonly (readonly Span[])[],
): FittedContender {
  const fitted = baseline.fit(texts, spans)
  return {
    name: baseline.name,
    predict: async (asked) =>
      fitted.predict(asked.map(textOf)).map((found) => ({ kind: 'spans', spans: found })),
  }
}

interface LabelRows {
  readonly texts: readonly string[]
  readonly labels: readonly string[]
  readonly options: WorkOptions & { readonly seed: number }
}

async function fitLabels(
  baseline: Baseline,
  { texts, labels, options }: LabelRows,
): Promise<FittedContender> {
  const fitted = await baseline.fit(texts, labels, options)
  return {
    name: baseline.name,
    predict: async (asked, work) =>
      (await fitted.predict(asked.map(textOf), work)).map((label) => ({ kind: 'labels', labels: [label] })),
  }
}

/** Asks each baseline for the test rows and puts the specialist's answers beside theirs. */
export async function compareWithBaselines(
  input: CompareInput,
  options: WorkOptions = {},
): Promise<Comparison> {
  const { task, test } = input
  const right = judge(input.predictions, test, task)
  const f1Of = (said: readonly { readonly output: TaskOutput }[]): Pick<Contender, 'f1'> => {
    const random = seededRandom(input.seed).fork('F1')
    const rows = task && partsRows(said, test, task)
    const f1 = rows === undefined ? meanAnswerF1(said, test, random) : strictF1(rows, random)
    return f1 === undefined ? {} : { f1 }
  }
  const contenders: Contender[] = []
  const add = (name: Contender['name'], said: readonly { readonly output: TaskOutput }[]): void => {
    const random = seededRandom(input.seed).fork(`lead over ${name}`)
    const theirs = judge(said, test, task)
    contenders.push({
      name,
      accuracy: share(theirs),
      ...f1Of(said),
      specialistLead: pairedDifference(right, theirs, { random }),
    })
  }
  for (const baseline of input.baselines) {
    throwIfCancelled(options.signal, 'comparing with the baselines')
    const outputs = await baseline.predict(
      test.map(({ input: asked }) => asked),
      options,
    )
    add(
      baseline.name,
      outputs.map((output) => ({ output })),
    )
  }
  if (input.upstream !== undefined) add('upstream', input.upstream)
  return { rows: right.length, accuracy: share(right), ...f1Of(input.predictions), contenders }
}

function share(right: readonly boolean[]): Estimate {
  return wilson(right.filter(Boolean).length, right.length)
}

function textOf(input: TaskInput): string {
  assert(input.kind === 'text', 'the plain baselines of labels and spans read texts only')
  return input.text
}

function labelOf(example: Example): string {
  const label = example.output.kind === 'labels' ? example.output.labels[0] : undefined
  assert(label !== undefined, 'the plain baselines give one label')
  return label
}
