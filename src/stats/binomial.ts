/** Exact binomial probabilities and the bounds made of them (Clopper and Pearson, Biometrika 26, 1934). */
import { assert } from '../base/errors.ts'
import { betaQuantile, regularizedBeta } from './beta.ts'

/** P(X <= successes) for X of `trials` draws that each succeed with the given probability. */
export function binomialCdf(successes: number, trials: number, probability: number): number {
  if (successes < 0) return 0
  if (successes >= trials) return 1
  return regularizedBeta(1 - probability, trials - successes, successes + 1)
}

/** Exact upper bound of a probability: with chance at least 1 - delta it is not above this. Without trials it is 1. */
export function clopperPearsonUpper(successes: number, trials: number, delta: number): number {
  assert(successes >= 0 && successes <= trials, `${successes} of ${trials} is no count`)
  return successes === trials ? 1 : betaQuantile(1 - delta, successes + 1, trials - successes)
}

/** Exact lower bound of a probability: with chance at least 1 - delta it is not below this. */
export function clopperPearsonLower(successes: number, trials: number, delta: number): number {
  assert(successes >= 0 && successes <= trials, `${successes} of ${trials} is no count`)
  return successes === 0 ? 0 : betaQuantile(delta, successes, trials - successes + 1)
}

/**
 * The most errors among `trials` at which "the error rate is above `risk`" is still rejected at level delta,
 * that is, at which the exact upper bound is at most `risk`; -1 would be none, so `undefined` is returned then.
 */
export function mostErrors(trials: number, risk: number, delta: number): number | undefined {
  let [passes, fails] = [-1, trials]
  while (fails - passes > 1) {
    const middle = (passes + fails) >> 1
    if (binomialCdf(middle, trials, risk) <= delta) passes = middle
    else fails = middle
  }
  return passes < 0 ? undefined : passes
}

/** Rows without one error that are needed to certify `risk` at level delta: 149 for 0.02 and 0.05. */
export function errorlessRows(risk: number, delta: number): number {
  return Math.ceil(Math.log(delta) / Math.log1p(-risk))
}
