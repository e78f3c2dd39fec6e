/** Whether two histograms are of one source: the two-sample chi-square test, and the tail of that distribution. */
import { assert } from '../base/errors.ts'
import { logGamma } from './beta.ts'

/** P(X > statistic) for chi-square with this many degrees of freedom. */
export function chiSquareTail(statistic: number, freedom: number): number {
  assert(freedom > 0 && statistic >= 0, `chiSquareTail(${statistic}, ${freedom}) is not defined`)
  const [a, x] = [freedom / 2, statistic / 2]
  if (x === 0) return 1
  const front = Math.exp(a * Math.log(x) - x - logGamma(a))
  return x < a + 1 ? 1 - front * lowerSeries(a, x) : front * upperFraction(a, x)
}

/** The chance of histograms that differ so much if both are of one source; counts go in step. Bins empty in both say nothing. */
export function sameSource(first: readonly number[], second: readonly number[]): number {
  assert(first.length === second.length, `${first.length} bins beside ${second.length}`)
  const [n, m] = [sum(first), sum(second)]
  let [statistic, bins] = [0, 0]
  for (const [at, a] of first.entries()) {
    const b = second[at]!
    if (a + b === 0) continue
    bins++
    statistic += (a * Math.sqrt(m / n) - b * Math.sqrt(n / m)) ** 2 / (a + b)
  }
  return bins < 2 || n === 0 || m === 0 ? 1 : chiSquareTail(statistic, bins - 1)
}

/** γ(a, x) / (x^a e^-x), by its series. */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let total = term
  for (let n = 1; n < 10_000 && term > total * 1e-16; n++) {
    term *= x / (a + n)
    total += term
  }
  return total
}

/** Γ(a, x) / (x^a e^-x), by its continued fraction (Lentz). */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1e300
  let d = 1 / b
  let value = d
  for (let i = 1; i < 10_000; i++) {
    const numerator = -i * (i - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return value
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
