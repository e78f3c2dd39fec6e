/**
 * Metrics of answers to questions about a text: exact match and F1 against the nearest right answer as SQuAD 2.0 counts
 * them (Rajpurkar et al., 2018; of characters as CMRC 2018 does where the answers have no spaces), and how well "not
 * there" is told. Places are not compared: what is right is the text.
 */
import type { Random } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { bootstrapInterval, bootstrapMean } from '../stats/bootstrap.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { auroc } from '../stats/ranking.ts'
import type { Prediction } from '../task/predictor.ts'
import { answerF1, type QuestionAnswer, sameAnswer } from '../task/question-answering/answer-text.ts'
import { notThereProbability } from '../task/question-answering/presence.ts'
import type { TaskOutput } from '../task/types.ts'

export interface QuestionMetrics {
  /** Rows that are counted here: those whose right answer is a quote, or that it is not there. */
  readonly rows: number
  /** Rows whose right answer is no quote of the text; they are wrong in every whole-answer figure. */
  readonly rowsWithoutQuote: number
  readonly exactMatch: Estimate
  readonly f1: Estimate
  /** Of the rows whose answer is there; absent where there are none. */
  readonly there?: { readonly rows: number; readonly exactMatch: Estimate; readonly f1: Estimate }
  /** Of the rows whose answer is not there; absent where there are none. */
  readonly notThere?: NotThereMetrics
}

export interface NotThereMetrics {
  readonly rows: number
  /** Share of these rows of which "not there" is said. */
  readonly accuracy: Estimate
  /** Chance that such a row looks more like "not there" than one whose answer is there; absent where all are such. */
  readonly auroc?: Estimate
}

/** One answer, the right one, and 0..1 how sure it is that it is not there. */
interface JudgedAnswer {
  readonly exact: boolean
  readonly f1: number
  readonly isThere: boolean
  readonly notThereScore: number
}

const aurocRounds = 200

/** All metrics with 95% intervals; `undefined` where no right answer is an answer to a question. The lists go in step. */
export function questionMetrics(
  predictions: readonly Pick<Prediction, 'output' | 'confidence' | 'distribution'>[],
  examples: readonly Pick<Example, 'output'>[],
  random: Random,
): QuestionMetrics | undefined {
  const rows = predictions.flatMap((prediction, row): readonly JudgedAnswer[] => {
    const expected = examples[row]!.output
    return expected.kind === 'answer' ? [judged(prediction, expected)] : []
  })
  if (rows.length === 0) return undefined
  const there = rows.filter(({ isThere }) => isThere)
  const notThere = rows.filter(({ isThere }) => !isThere)
  return {
    rows: rows.length,
    rowsWithoutQuote: examples.length - rows.length,
    ...scoresOf(rows, random),
    ...(there.length > 0 && { there: { rows: there.length, ...scoresOf(there, random) } }),
    ...(notThere.length > 0 && {
      notThere: {
        rows: notThere.length,
        accuracy: exactShare(notThere),
        ...separation(rows, random),
      },
    }),
  }
}

/** Mean F1 of outputs against the rows whose right answer is a quote or "not there"; `undefined` where there are none. */
export function meanAnswerF1(
  outputs: readonly { readonly output: TaskOutput }[],
  examples: readonly Pick<Example, 'output'>[],
  random: Random,
): Estimate | undefined {
  const values = outputs.flatMap(({ output }, row) => {
    const expected = examples[row]!.output
    return expected.kind === 'answer' ? [f1Of(output, expected)] : []
  })
  return values.length === 0 ? undefined : bootstrapMean(values, random)
}

function judged(
  prediction: Pick<Prediction, 'output' | 'confidence' | 'distribution'>,
  expected: QuestionAnswer,
): JudgedAnswer {
  const { output } = prediction
  return {
    exact: output.kind === 'answer' && sameAnswer(output, expected),
    f1: f1Of(output, expected),
    isThere: expected.span !== undefined,
    notThereScore: notThereProbability(prediction),
  }
}

function f1Of(output: TaskOutput, expected: QuestionAnswer): number {
  return output.kind === 'answer' ? answerF1(output, expected) : 0
}

function scoresOf(
  rows: readonly JudgedAnswer[],
  random: Random,
): { readonly exactMatch: Estimate; readonly f1: Estimate } {
  return {
    exactMatch: exactShare(rows),
    f1: bootstrapMean(
      rows.map(({ f1 }) => f1),
      random,
    ),
  }
}

function exactShare(rows: readonly JudgedAnswer[]): Estimate {
  return wilson(rows.filter(({ exact }) => exact).length, rows.length)
}

function separation(rows: readonly JudgedAnswer[], random: Random): Pick<NotThereMetrics, 'auroc'> {
  const scored = rows.map(({ notThereScore, isThere }) => ({ score: notThereScore, positive: !isThere }))
  const value = auroc(scored)
  if (value === undefined) return {}
  const interval = bootstrapInterval(
    scored.length,
    (drawn) => auroc(Array.from(drawn, (row) => scored[row]!)) ?? value,
    { random, rounds: aurocRounds },
  )
  return { auroc: { value, ...interval } }
}
