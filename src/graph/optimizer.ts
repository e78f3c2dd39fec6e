/** Optimizers as graphs: what one step makes of each trained parameter and of what it remembers between steps. */
import type { Shape } from './dim.ts'
import * as g from './ops.ts'
import type { Value } from './value.ts'

/** Adam with decoupled weight decay (Loshchilov & Hutter, 2019). */
export interface AdamW {
  readonly kind: 'adamw'
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** Stochastic gradient descent with momentum (Polyak, 1964) as PyTorch defines it: velocity = momentum · velocity + gradient. */
export interface Sgd {
  readonly kind: 'sgd'
  readonly momentum: number
}

/** How gradients become steps. */
export type Optimizer = AdamW | Sgd

/** AdamW with the constants of its paper. */
export const adamW: AdamW = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

/** A parameter that trains, and how. */
export interface Trained {
  readonly parameter: Value
  /** Share of the parameter taken off at each step, times the learning rate; usually 0 for biases and gains. */
  readonly weightDecay: number
  /** Times the learning rate of the step; 1 where absent. */
  readonly rate?: number
}

/** A tensor that goes from step to step: its name, where it starts, its value before a step and after. */
export interface StateTensor {
  readonly name: string
  readonly shape: Shape
  readonly start: 'parameter' | 'zeros'
  readonly before: Value
  readonly after: Value
}

/** Input of each step: the learning rate, a scalar. */
export const learningRateName = 'learningRate'

type Updates = {
  readonly [K in Optimizer['kind']]: (
    optimizer: Extract<Optimizer, { kind: K }>,
    trained: readonly Trained[],
    gradients: readonly Value[],
    learningRate: Value,
  ) => readonly StateTensor[]
}

const updates: Updates = { adamw: adamWUpdate, sgd: sgdUpdate }

/** State of training with one step done: trained parameters first, then what the optimizer remembers. */
export function optimizerUpdate(
  optimizer: Optimizer,
  trained: readonly Trained[],
  gradients: readonly Value[],
  learningRate: Value,
): readonly StateTensor[] {
  return updateBy(optimizer, trained, gradients, learningRate)
}

function updateBy<K extends Optimizer['kind']>(
  optimizer: Extract<Optimizer, { kind: K }>,
  trained: readonly Trained[],
  gradients: readonly Value[],
  learningRate: Value,
): readonly StateTensor[] {
  const update: Updates[K] = updates[optimizer.kind as K]
  return update(optimizer, trained, gradients, learningRate)
}

/**
 * Moments are kept as discounted sums, m ← β₁ m + g and v ← β₂ v + g², and so is the sum of their weights, c ← β c + 1:
 * m / c is the bias-corrected mean, exact from the first step, at fewer passes over the parameters than the usual form.
 */
function adamWUpdate(
  optimizer: AdamW,
  trained: readonly Trained[],
  gradients: readonly Value[],
  learningRate: Value,
): readonly StateTensor[] {
  const first = discounted('optimizer.firstWeight', optimizer.beta1, g.scalar(1))
  const second = discounted('optimizer.secondWeight', optimizer.beta2, g.scalar(1))
  const root = g.sqrt(second.after)
  const size = g.div(g.mul(learningRate, root), first.after)
  const epsilon = g.scale(root, optimizer.epsilon)
  const moments = trained.map(({ parameter }, i) => {
    const name = parameterName(parameter)
    const gradient = gradients[i]!
    return {
      mean: discounted(`${name}.mean`, optimizer.beta1, gradient),
      square: discounted(`${name}.square`, optimizer.beta2, g.mul(gradient, gradient)),
    }
  })
  const parameters = trained.map((one, i) => {
    const { mean, square } = moments[i]!
    const direction = g.div(mean.after, g.add(g.sqrt(square.after), epsilon))
    return stepped(one, learningRate, g.mul(direction, g.scale(size, one.rate ?? 1)))
  })
  return [...parameters, ...moments.flatMap(({ mean, square }) => [mean, square]), first, second]
}

function sgdUpdate(
  optimizer: Sgd,
  trained: readonly Trained[],
  gradients: readonly Value[],
  learningRate: Value,
): readonly StateTensor[] {
  const velocities = trained.map(({ parameter }, i) =>
    discounted(`${parameterName(parameter)}.velocity`, optimizer.momentum, gradients[i]!),
  )
  const parameters = trained.map((one, i) => {
    const rate = g.scale(learningRate, one.rate ?? 1)
    return stepped(one, learningRate, g.mul(velocities[i]!.after, rate))
  })
  return [...parameters, ...velocities]
}

/** sum ← discount · sum + next, from zero. */
function discounted(name: string, discount: number, next: Value): StateTensor {
  const before = g.input(name, next.shape)
  return { name, shape: next.shape, start: 'zeros', before, after: g.add(g.scale(before, discount), next) }
}

function stepped(one: Trained, learningRate: Value, step: Value): StateTensor {
  const { parameter, weightDecay, rate } = one
  const kept = g.sub(g.scalar(1), g.scale(learningRate, weightDecay * (rate ?? 1)))
  const decayed = weightDecay === 0 ? parameter : g.mul(parameter, kept)
  const name = parameterName(parameter)
  return { name, shape: parameter.shape, start: 'parameter', before: parameter, after: g.sub(decayed, step) }
}

/** Name of a parameter. */
export function parameterName({ node: { op } }: Value): string {
  if (op.kind === 'parameter') return op.name
  throw new TypeError(`a ${op.kind} is not a parameter and cannot train`)
}
