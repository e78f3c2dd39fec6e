/** Any predictor → a report, by the same code: a specialist, a cascade, a base model, the upstream. */
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { bootstrapMean } from '../stats/bootstrap.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import type { Prediction, Predictor } from '../task/predictor.ts'
import type { Task, TaskOutput } from '../task/types.ts'
import { type ClassificationMetrics, classificationMetrics, type LabelledRow } from './classification.ts'
import { type ConfidenceMetrics, confidenceMetrics } from './confidence.ts'
import { type ExtractionMetrics, extractionMetrics } from './extraction.ts'
import { type JudgedTask, judge, partLosses, partsRows, wrongMeans } from './judge.ts'
import { type QuestionMetrics, questionMetrics } from './question-answering.ts'

/** From which confidence an answer is given, as a certificate says it. */
export interface Gate {
  /** Absent: nothing is answered. */
  readonly threshold?: number
  readonly noveltyLimit: number
}

/** What happens when only what a gate lets through is answered. */
export interface GatedMetrics {
  readonly n: number
  readonly errors: number
  readonly coverage: Estimate
  /** Share of the answered rows that are wrong; absent where none is answered. */
  readonly realisedError?: Estimate
  /** Mean share of wrong parts in the answered rows, with its 95% interval, where the task promises by parts. */
  readonly realisedLoss?: Estimate
}

export interface Evaluation {
  readonly rows: number
  /** What "wrong" means: differs from a right answer, or only from the upstream's. */
  readonly wrongMeans: 'error' | 'disagreement'
  /** Share of rows whose whole output is right. */
  readonly right: Estimate
  /** Of the rows whose right answer is a label; absent for outputs that are not labels. */
  readonly classification?: ClassificationMetrics
  /** Absent for outputs that are not spans; `right` is then the share of whole answers. */
  readonly extraction?: ExtractionMetrics
  /** Absent for outputs that are no answers to questions; `right` is then exact match over all rows. */
  readonly questionAnswering?: QuestionMetrics
  readonly confidence: ConfidenceMetrics
  readonly underCertificate?: GatedMetrics
}

export interface EvaluateOptions extends WorkOptions {
  readonly gate?: Gate
  /** What decides whether two outputs say the same; needed for extraction. */
  readonly task?: JudgedTask & Pick<Task, 'promise'>
  /** For the bootstrap intervals. */
  readonly seed?: number
}

const batchRows = 256

/** Asks the predictor for every example and judges its answers. */
export async function evaluate(
  predictor: Pick<Predictor, 'predict'>,
  examples: readonly Example[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  if (examples.length === 0) throw appError('eval.no-rows', {})
  const predictions: Prediction[] = []
  for (let at = 0; at < examples.length; at += batchRows) {
    throwIfCancelled(options.signal, 'evaluating')
    const inputs = examples.slice(at, at + batchRows).map((example) => example.input)
    predictions.push(...(await predictor.predict(inputs, options.signal && { signal: options.signal })))
    options.progress?.({ stage: 'evaluating', done: predictions.length, total: examples.length })
  }
  return evaluatePredictions(predictions, examples, options)
}

/** The same from predictions that are there already; the two lists go in step and are not empty. */
export function evaluatePredictions(
  predictions: readonly Prediction[],
  examples: readonly Example[],
  options: Pick<EvaluateOptions, 'gate' | 'seed' | 'task'> = {},
): Evaluation {
  const { task, gate } = options
  const correct = judge(predictions, examples, task)
  const labelled = labelledRows(predictions, examples)
  const random = seededRandom(options.seed ?? 0).fork('evaluate')
  const questions = questionMetrics(predictions, examples, random.fork('questions'))
  return {
    rows: examples.length,
    wrongMeans: wrongMeans(examples),
    right: wilson(correct.filter(Boolean).length, correct.length),
    ...(labelled === undefined ? {} : { classification: classificationMetrics(labelled, { random }) }),
    ...extractionOf(predictions, examples, { task, random }),
    ...(questions && { questionAnswering: questions }),
    confidence: confidenceMetrics(
      predictions.map((prediction) => prediction.confidence),
      correct,
    ),
    ...(gate === undefined
      ? {}
      : {
          underCertificate: gated(predictions, correct, {
            gate,
            random,
            ...(task?.promise === 'parts' && { losses: partLosses(predictions, examples, task) }),
          }),
        }),
  }
}

/** True where a gate lets a prediction answer: sure enough and not novel. */
function answers(gate: Gate, { confidence, novelty, mayAnswer }: Prediction): boolean {
  if (gate.threshold === undefined) return false
  return mayAnswer ?? (confidence >= gate.threshold && novelty <= gate.noveltyLimit)
}

interface Gating {
  readonly gate: Gate
  readonly random: Random
  /** Share of wrong parts of each row, where the promise is about parts. */
  readonly losses?: readonly number[]
}

function gated(
  predictions: readonly Prediction[],
  correct: readonly boolean[],
  { gate, losses, random }: Gating,
): GatedMetrics {
  const answered = correct.filter((_, row) => answers(gate, predictions[row]!))
  const errors = answered.filter((right) => !right).length
  const answeredLosses = losses?.filter((_, row) => answers(gate, predictions[row]!)) ?? []
  return {
    n: answered.length,
    errors,
    coverage: wilson(answered.length, predictions.length),
    ...(answered.length === 0 ? {} : { realisedError: wilson(errors, answered.length) }),
    ...(answeredLosses.length === 0 ? {} : { realisedLoss: bootstrapMean(answeredLosses, random) }),
  }
}

function extractionOf(
  predictions: readonly Prediction[],
  examples: readonly Example[],
  { task, random }: { readonly task: JudgedTask | undefined; readonly random: Random },
): Pick<Evaluation, 'extraction'> {
  const rows = task && partsRows(predictions, examples, task)
  if (rows === undefined) return {}
  const rowsWithoutSpans = examples.length - rows.length
  return { extraction: extractionMetrics(rows, { random, rowsWithoutSpans }) }
}

function labelledRows(
  predictions: readonly Prediction[],
  examples: readonly Example[],
): readonly LabelledRow[] | undefined {
  const rows: LabelledRow[] = []
  for (const [row, prediction] of predictions.entries()) {
    const [predicted, expected] = [labelsOf(prediction.output), labelsOf(examples[row]!.output)]
    if (predicted === undefined) return undefined
    if (expected !== undefined) rows.push({ predicted, expected })
  }
  return rows.length > 0 ? rows : undefined
}

function labelsOf(output: TaskOutput): readonly string[] | undefined {
  return output.kind === 'labels' ? output.labels : undefined
}
