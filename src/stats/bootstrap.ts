/** The bootstrap (Efron, Annals of Statistics 7, 1979) with a seeded stream: percentile intervals of any statistic of rows. */
import type { Random } from '../base/random.ts'
import type { Estimate, Interval } from './interval.ts'
import { ascendingCopy, quantileOfSorted } from './quantile.ts'

/** `count` row numbers below `rows`, drawn with replacement into `into` (made where absent). */
export function drawRows(rows: number, count: number, random: Random, into?: Uint32Array): Uint32Array {
  const drawn = into ?? new Uint32Array(count)
  for (let i = 0; i < count; i++) drawn[i] = random.below(rows)
  return drawn
}

/** Percentile interval (95%) of a statistic of row numbers, over `rounds` resamples of all rows. */
export function bootstrapInterval(
  rows: number,
  statistic: (drawn: Uint32Array) => number,
  options: { readonly random: Random; readonly rounds: number },
): Interval {
  const drawn = new Uint32Array(rows)
  const values: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    values.push(statistic(drawRows(rows, rows, options.random, drawn)))
  }
  const sorted = ascendingCopy(values)
  return { low: quantileOfSorted(sorted, 0.025), high: quantileOfSorted(sorted, 0.975) }
}

/** The mean of values, of which there is at least one, with its 95% interval. */
export function bootstrapMean(values: readonly number[], random: Random): Estimate {
  const mean = (rows: Iterable<number>): number => {
    let sum = 0
    for (const row of rows) sum += values[row]!
    return sum / values.length
  }
  return { value: mean(values.keys()), ...bootstrapInterval(values.length, mean, { random, rounds: 500 }) }
}
