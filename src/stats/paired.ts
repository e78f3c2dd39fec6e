/** Which of two predictors is right more often on the same rows, and how sure that is. */
import { assert } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { binomialCdf } from './binomial.ts'
import { bootstrapInterval } from './bootstrap.ts'
import type { Estimate } from './interval.ts'

export interface PairedDifference extends Estimate {
  /** Two-sided p-value of McNemar's test, exact. */
  readonly pValue: number
}

/** Exact McNemar test (McNemar, Psychometrika 12, 1947) on the counts of rows that only one of the two got right. */
export function mcnemarExact(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond
  if (discordant === 0) return 1
  return Math.min(1, 2 * binomialCdf(Math.min(onlyFirst, onlySecond), discordant, 0.5))
}

/** Accuracy of the first less that of the second on the same rows: 95% paired bootstrap interval and McNemar's p-value. */
export function pairedDifference(
  first: readonly boolean[],
  second: readonly boolean[],
  options: { readonly random: Random; readonly rounds?: number },
): PairedDifference {
  assert(first.length === second.length, 'paired predictors judged on different rows')
  if (first.length === 0) return { value: 0, low: 0, high: 0, pValue: 1 }
  const signs = Int8Array.from(first, (right, row) => Number(right) - Number(second[row]))
  const mean = (rows: Iterable<number>): number => {
    let sum = 0
    for (const row of rows) sum += signs[row]!
    return sum / signs.length
  }
  const interval = bootstrapInterval(signs.length, mean, {
    random: options.random,
    rounds: options.rounds ?? 2000,
  })
  const onlyFirst = signs.filter((sign) => sign > 0).length
  const onlySecond = signs.filter((sign) => sign < 0).length
  return { value: mean(signs.keys()), ...interval, pValue: mcnemarExact(onlyFirst, onlySecond) }
}
