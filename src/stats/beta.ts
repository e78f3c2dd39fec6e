/**
 * The regularised incomplete beta function and its inverse, which exact binomial bounds are made of.
 * The factor before the continued fraction is Loader's saddle-point form (Fast and Accurate Computation of
 * Binomial Probabilities, 2000), so that large counts lose no digits.
 */
import { assert } from '../base/errors.ts'

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]
const halfLogTwoPi = 0.5 * Math.log(2 * Math.PI)
const smallest = 1e-300

/** I_x(a, b) for a, b > 0 and x in [0, 1]; relative error about 1e-12 (continued fraction by Lentz's method). */
export function regularizedBeta(x: number, a: number, b: number): number {
  assert(a > 0 && b > 0 && x >= 0 && x <= 1, `regularizedBeta(${x}, ${a}, ${b}) is not defined`)
  if (x === 0 || x === 1) return x
  const front = densityFactor(x, a, b)
  if (x < (a + 1) / (a + b + 2)) return (front * continuedFraction(x, a, b)) / a
  return 1 - (front * continuedFraction(1 - x, b, a)) / b
}

/** The x with I_x(a, b) = probability, by bisection to the last digit. */
export function betaQuantile(probability: number, a: number, b: number): number {
  let [low, high] = [0, 1]
  for (let step = 0; step < 1100; step++) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (regularizedBeta(middle, a, b) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** x^a (1 - x)^b / B(a, b). */
function densityFactor(x: number, a: number, b: number): number {
  const n = a + b
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * (1 - x))
  return ((a * b) / n) * Math.sqrt(n / (2 * Math.PI * a * b)) * Math.exp(exponent)
}

/** log Γ(z + 1) less Stirling's (z + 1/2) log z - z + log √2π. */
function stirlingError(z: number): number {
  if (z < 15) return logGamma(z + 1) - (z + 0.5) * Math.log(z) + z - halfLogTwoPi
  const square = z * z
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / z
}

/** x log(x / mean) + mean - x, without loss of digits where x is near the mean. */
function deviance(x: number, mean: number): number {
  if (Math.abs(x - mean) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x
  const ratio = (x - mean) / (x + mean)
  let sum = (x - mean) * ratio
  let term = 2 * x * ratio
  for (let j = 1; j < 1000; j++) {
    term *= ratio * ratio
    const next = sum + term / (2 * j + 1)
    if (next === sum) break
    sum = next
  }
  return sum
}

/** log Γ(z), z > 0 (Lanczos, g = 7). */
export function logGamma(z: number): number {
  const at = z - 1
  const sum = lanczos.reduce((total, value, i) => (i === 0 ? value : total + value / (at + i)), 0)
  const base = at + 7.5
  return halfLogTwoPi + (at + 0.5) * Math.log(base) - base + Math.log(sum)
}

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / awayFromZero(1 + even * d)
    c = awayFromZero(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / awayFromZero(1 + odd * d)
    c = awayFromZero(1 + odd / c)
    value *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return value
}

function awayFromZero(value: number): number {
  return Math.abs(value) < smallest ? smallest : value
}
