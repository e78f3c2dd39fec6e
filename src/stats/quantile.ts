/** Quantiles of numbers. */
import { assert } from '../base/errors.ts'

/** Quantile of ascending numbers, `share` in [0, 1], linear between neighbours (type 7 of Hyndman and Fan, 1996). */
export function quantileOfSorted(ascending: ArrayLike<number>, share: number): number {
  assert(ascending.length > 0, 'a quantile of nothing')
  const at = share * (ascending.length - 1)
  const low = Math.floor(at)
  const from = ascending[low]!
  const to = ascending[Math.min(low + 1, ascending.length - 1)]!
  return from + (at - low) * (to - from)
}

/**
 * The smallest of ascending numbers that at least the given share of them does not exceed
 * (type 1 of Hyndman and Fan, 1996): at most 1 - share of them lie above it.
 */
export function upperQuantileOfSorted(ascending: ArrayLike<number>, share: number): number {
  assert(ascending.length > 0, 'a quantile of nothing')
  // 1e-9 rows: 0.7 * 10 must count as 7, not 8.
  const rank = Math.ceil(share * ascending.length - 1e-9)
  return ascending[Math.max(0, rank - 1)]!
}

/** A copy in ascending order. */
export function ascendingCopy(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort()
}
