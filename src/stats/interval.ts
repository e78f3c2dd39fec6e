/** Two-sided intervals of a share. */

export interface Interval {
  readonly low: number
  readonly high: number
}

/** A share or score with its 95% interval. */
export interface Estimate extends Interval {
  readonly value: number
}

/** 97.5% quantile of the standard normal: two-sided 95%. */
const z95 = 1.959963984540054

/** Wilson's score interval of a share, 95% (Wilson, JASA 22, 1927); without trials it is all of [0, 1]. */
export function wilson(successes: number, trials: number): Estimate {
  if (trials === 0) return { value: 0, low: 0, high: 1 }
  const share = successes / trials
  const square = (z95 * z95) / trials
  const middle = (share + square / 2) / (1 + square)
  const half = (z95 / (1 + square)) * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials))
  return {
    value: share,
    low: successes === 0 ? 0 : middle - half,
    high: successes === trials ? 1 : middle + half,
  }
}
