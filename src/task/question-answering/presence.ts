/** How sure a predictor is that the answer is not in the context. */
import type { Prediction } from '../predictor.ts'

/** Labels of the distribution that predictors of answers give, so that "not there" can be judged apart from which quote is right. */
export const presenceLabels: readonly string[] = Object.freeze(['there', 'not-there'])

/** 0..1, by the distribution; without one, by the confidence that "not there", or that a quote, is right. */
export function notThereProbability({
  output,
  confidence,
  distribution,
}: Pick<Prediction, 'output' | 'confidence' | 'distribution'>): number {
  const at = distribution?.labels.indexOf(presenceLabels[1]!) ?? -1
  if (distribution !== undefined && at >= 0) return distribution.probabilities[at]!
  return output.kind === 'answer' && output.span === undefined ? confidence : 1 - confidence
}
