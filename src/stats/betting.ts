/**
 * Bounds of the mean of values in 0..1 by betting (Waudby-Smith and Ramdas, JRSS B 86, 2024; the form of Bates et al.,
 * JACM 68, 2021, proposition 5). One bets against "the mean is at least m": capital K = Π (1 + ν (m - x)), each bet ν chosen
 * from the values before. Where the mean is at least m the capital is a supermartingale that starts at 1, so by Ville's
 * inequality it ever reaches 1 / delta with probability at most delta, whatever the values' distribution.
 */

/** What was seen of values in order. */
export interface SeenValues {
  readonly values: ArrayLike<number>
  readonly count: number
}

/** True where "the mean is at least `mean`" is rejected at level delta; the values are independent draws in 0..1. */
export function rejectsMean({ values, count }: SeenValues, mean: number, delta: number): boolean {
  if (count === 0 || delta <= 0) return false
  const goal = -Math.log(delta)
  const scale = (2 * goal) / count
  // Half-way between 1 and the bet that a value of 1 would ruin.
  const largestBet = (1 + 1 / (1 - mean + smallest)) / 2
  let capital = 0
  // Before the first value the mean and the variance are guessed as those of values that are wholly right or wrong.
  let sum = mean / 2
  let squares = (mean * (1 - mean)) / 2 + smallest
  for (let at = 0; at < count; at++) {
    const bet = Math.min(largestBet, Math.sqrt(scale / (squares / (at + 1))))
    capital += Math.log1p(bet * (mean - values[at]!))
    if (capital >= goal) return true
    sum += values[at]!
    const deviation = values[at]! - sum / (at + 2)
    squares += deviation * deviation
  }
  return false
}

/** Upper bound of the mean: with probability at least 1 - delta the mean is below it. Without values it is 1. */
export function bettingUpper(seen: SeenValues, delta: number): number {
  return leastRejected((mean) => rejectsMean(seen, mean, delta))
}

/** The least mean in 0..1 that is rejected, by bisection; 1 where none is. */
export function leastRejected(isRejected: (mean: number) => boolean): number {
  if (!isRejected(1 - smallest)) return 1
  let [kept, rejected] = [0, 1 - smallest]
  for (let step = 0; step < bisections; step++) {
    const middle = (kept + rejected) / 2
    if (isRejected(middle)) rejected = middle
    else kept = middle
  }
  return rejected
}

/** Keeps variances and what a bet leaves above zero. */
const smallest = 1e-6
const bisections = 30
