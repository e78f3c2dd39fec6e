/** Bounds of a mean that hold at every moment of a sequence at once, however often one looks. */
import { logGamma } from './beta.ts'
import type { Interval } from './interval.ts'

/**
 * The means p in [0, 1] that losses in [0, 1] of this sum have not refuted: with chance at least 1 - alpha the mean is
 * inside at all times (Robbins' mixture of likelihood ratios under a Beta(1/2, 1/2) prior, and Ville's inequality).
 * It is exact for losses of 0 or 1; for others it holds too, since the likelihood ratio is convex in the loss.
 */
export function meanAtAllTimes(lossSum: number, count: number, alpha: number): Interval {
  if (count === 0) return { low: 0, high: 1 }
  const share = lossSum / count
  const mixture = logBeta(lossSum + 0.5, count - lossSum + 0.5) - logBeta(0.5, 0.5)
  const isRefuted = (p: number): boolean =>
    mixture - times(lossSum, Math.log(p)) - times(count - lossSum, Math.log1p(-p)) >= -Math.log(alpha)
  return {
    low: isRefuted(0) ? edge(0, share, isRefuted) : 0,
    high: isRefuted(1) ? edge(1, share, isRefuted) : 1,
  }
}

/** Where, between a refuted mean and one that is not, refuting ends. */
function edge(refuted: number, kept: number, isRefuted: (p: number) => boolean): number {
  let [out, inside] = [refuted, kept]
  for (let step = 0; step < 60; step++) {
    const middle = (out + inside) / 2
    if (isRefuted(middle)) out = middle
    else inside = middle
  }
  return out
}

/** 0 × -Infinity is 0 here: no such loss was seen. */
function times(count: number, log: number): number {
  return count === 0 ? 0 : count * log
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b)
}
