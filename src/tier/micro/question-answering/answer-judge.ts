// Whether to answer, and how sure: two small logistic models of a reader's signs, one of the answer being in the text
// and one of the quote found being right where it is, fitted on rows that the reader had not seen.
import { fitLogistic } from '../../../stats/logistic.ts'
import type { AnswerSigns } from './find-span.ts'

/** Weights of the signs, the constant first. */
export interface JudgeWeights {
  readonly there: readonly number[]
  readonly right: readonly number[]
}

export interface Judgement {
  /** 0..1: the answer is in the text. */
  readonly there: number
  /** 0..1: the quote found is right. */
  readonly right: number
}

/** A row to fit on. */
export interface JudgedSigns {
  readonly signs: AnswerSigns
  /** The answer is in the text. */
  readonly there: boolean
  /** The quote found is right; means nothing where there is none. */
  readonly right: boolean
}

// Further signs (the words shared, how questions are asked) only fit the articles at hand.
const thereSigns = ({ presence, lead }: AnswerSigns): readonly number[] => [1, presence, lead]
const rightSigns = ({ presence, places, lead }: AnswerSigns): readonly number[] => [1, presence, places, lead]

/** What nothing is known from: an answer where the reader sees one, by its own logits. */
const start: JudgeWeights = { there: [0, 1, 0], right: [0, 0, 0.5, 0] }
/** In the units of the log-likelihood of a row. */
const ridge = 1

/** Fits both models. */
export function fitJudge(rows: readonly JudgedSigns[]): JudgeWeights {
  return {
    there: fitted(rows, thereSigns, { start: start.there, label: ({ there }) => there }),
    right: fitted(
      rows.filter(({ there }) => there),
      rightSigns,
      { start: start.right, label: ({ right }) => right },
    ),
  }
}

function fitted(
  rows: readonly JudgedSigns[],
  signsOf: (signs: AnswerSigns) => readonly number[],
  { start: prior, label }: { readonly start: readonly number[]; label: (row: JudgedSigns) => boolean },
): readonly number[] {
  return fitLogistic({
    features: Float64Array.from(rows.flatMap((row) => signsOf(row.signs))),
    width: prior.length,
    labels: rows.map(label),
    ...{ prior, ridge },
    lower: prior.map(() => Number.NEGATIVE_INFINITY),
  })
}

/** Judges the best answer found. */
export function judge({ there, right }: JudgeWeights, signs: AnswerSigns): Judgement {
  const found = probability(there, thereSigns(signs))
  return { there: found, right: found * probability(right, rightSigns(signs)) }
}

/** True where the quote is more likely right than that there is none. */
export function isAnswered({ there, right }: Judgement): boolean {
  return right > 1 - there
}

function probability(weights: readonly number[], signs: readonly number[]): number {
  const logit = weights.reduce((sum, weight, at) => sum + weight * signs[at]!, 0)
  return 1 / (1 + Math.exp(-logit))
}
