// Which sentence holds the answer, by the words it shares with the question: a logistic model of a few signs, learnt from
// the rows whose answer is there. It needs fewer rows than the encoder does, and corrects it where it is lost.
import { fitLogistic } from '../../../stats/logistic.ts'
import type { Sentence } from './sentences.ts'
import type { WordOverlap } from './word-overlap.ts'

/** Signs of a sentence, the constant first. */
const signCount = 8
/** Where the fit starts, and stays without rows: shared words speak for a sentence. */
const start: readonly number[] = [-2, 4, 1, 0, 0, 4, 0, 0]
/** In the units of the log-likelihood of a row. */
const ridge = 1

/** Longer ones are no sentences, but texts without punctuation. */
const mostUnits = 500

type Overlap = Pick<WordOverlap, 'shares' | 'pairs'>

function signsOf({ shares, pairs }: Overlap, sentences: readonly Sentence[]): readonly (readonly number[])[] {
  const [most, mostPairs] = [maximum(shares), maximum(pairs)]
  return sentences.map((sentence, at) => {
    const beside = ((shares[at - 1] ?? 0) + (shares[at + 1] ?? 0)) / 2
    const length = Math.log(Math.min(mostUnits, sentence.end - sentence.start))
    return [
      1,
      shares[at]!,
      beside,
      Number(at === 0),
      length,
      shares[at]! - most,
      pairs[at]!,
      pairs[at]! - mostPairs,
    ]
  })
}

function maximum(values: Float64Array): number {
  return values.reduce((best, value) => Math.max(best, value), 0)
}

/** A row whose answer is there. */
export interface RankedSentences {
  readonly overlap: Overlap
  readonly sentences: readonly Sentence[]
  /** Places where an answer begins. */
  readonly places: readonly number[]
}

/** Weights of the signs. */
export function fitRanker(rows: readonly RankedSentences[]): readonly number[] {
  const signs = rows.flatMap(({ overlap, sentences }) => signsOf(overlap, sentences))
  return fitLogistic({
    features: Float64Array.from(signs.flat()),
    width: signCount,
    labels: rows.flatMap(({ sentences, places }) =>
      sentences.map(({ start: from, end }) => places.some((place) => from <= place && place < end)),
    ),
    ...{ prior: start, ridge },
    lower: start.map(() => Number.NEGATIVE_INFINITY),
  })
}

/** Log-probability of each sentence holding the answer, if one does. */
export function sentencePriors(
  weights: readonly number[],
  overlap: Overlap,
  sentences: readonly Sentence[],
): Float64Array {
  const logits = Float64Array.from(signsOf(overlap, sentences), (signs) =>
    signs.reduce((sum, sign, at) => sum + sign * weights[at]!, 0),
  )
  const most = logits.reduce((best, logit) => Math.max(best, logit), Number.NEGATIVE_INFINITY)
  const whole = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0))
  return logits.map((logit) => logit - whole)
}
