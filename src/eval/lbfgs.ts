// Limited-memory BFGS (Liu and Nocedal 1989) for smooth convex functions of millions of numbers.

/** Value at a point, and its gradient written to `gradient`. */
export type Objective = (point: Float32Array, gradient: Float32Array) => number

export interface LbfgsOptions {
  readonly iterations: number
  /** Stops when an iteration lowers the value by less than this share of it. */
  readonly tolerance: number
  /** Called before each iteration; may throw to stop. */
  readonly beforeIteration: (iteration: number) => Promise<void>
}

const remembered = 5
const armijo = 1e-4
const shortestStep = 1e-6

interface Correction {
  readonly step: Float32Array
  readonly change: Float32Array
  /** 1 / (step · change) */
  readonly rho: number
}

/** Minimises from a start, in place. */
export async function minimise(
  point: Float32Array,
  objective: Objective,
  options: LbfgsOptions,
): Promise<void> {
  const corrections: Correction[] = []
  let gradient = new Float32Array(point.length)
  let next = new Float32Array(point.length)
  let value = objective(point, gradient)
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    await options.beforeIteration(iteration)
    const direction = descentDirection(gradient, corrections)
    const slope = dot(direction, gradient)
    const trial = new Float32Array(point.length)
    // The first direction is the bare gradient, whose length means nothing yet.
    let size = iteration === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1
    let lower = Number.POSITIVE_INFINITY
    for (; size > shortestStep; size /= 2) {
      for (let i = 0; i < point.length; i++) trial[i] = point[i]! + size * direction[i]!
      lower = objective(trial, next)
      if (lower <= value + armijo * size * slope) break
    }
    if (size <= shortestStep) return
    remember(corrections, { point, trial, gradient, next })
    point.set(trial)
    ;[gradient, next] = [next, gradient]
    const gain = value - lower
    value = lower
    if (gain < options.tolerance * Math.abs(value)) return
  }
}

function remember(
  corrections: Correction[],
  { point, trial, gradient, next }: { readonly [K in 'point' | 'trial' | 'gradient' | 'next']: Float32Array },
): void {
  const step = trial.map((value, i) => value - point[i]!)
  const change = next.map((value, i) => value - gradient[i]!)
  const product = dot(step, change)
  if (product <= 1e-10) return
  corrections.push({ step, change, rho: 1 / product })
  if (corrections.length > remembered) corrections.shift()
}

/** Minus the gradient times the estimate of the inverse Hessian (the two-loop recursion). */
function descentDirection(gradient: Float32Array, corrections: readonly Correction[]): Float32Array {
  const direction = gradient.map((value) => -value)
  const factors: number[] = []
  for (const { step, change, rho } of corrections.toReversed()) {
    const factor = rho * dot(step, direction)
    factors.unshift(factor)
    addScaled(direction, change, -factor)
  }
  const last = corrections.at(-1)
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change))
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale
  }
  corrections.forEach(({ step, change, rho }, i) => {
    addScaled(direction, step, factors[i]! - rho * dot(change, direction))
  })
  return direction
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addScaled(target: Float32Array, source: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * source[i]!
}
