/** One step of training as a graph: gradients, their clipping by global norm, and the optimizer's update. */
import { assert } from '../base/errors.ts'
import { gradients, orderedNodes } from './gradients.ts'
import * as g from './ops.ts'
import {
  learningRateName,
  type Optimizer,
  optimizerUpdate,
  parameterName,
  type StateTensor,
  type Trained,
} from './optimizer.ts'
import type { Node, Value } from './value.ts'

/** What one step minimises, over which parameters, and how. */
export interface TrainingStep {
  /** A scalar; over micro-batches it is summed, so weights of rows add up to 1 over a whole step. */
  readonly loss: Value
  readonly trained: readonly Trained[]
  readonly optimizer: Optimizer
  /** Gradients longer than this, all parameters together, are shortened to it (Pascanu, Mikolov & Bengio, 2013). */
  readonly clipNorm?: number
  /** True where a step sums the gradients of several micro-batches. */
  readonly accumulates?: boolean
}

/** The graph of a step. */
export interface StepGraph {
  /** Gradients of one micro-batch, of the trained parameters in their order. */
  readonly gradients: readonly Value[]
  readonly learningRate: Value
  readonly state: readonly StateTensor[]
  /** Scalars told of each step; the gradient norm is that before clipping. */
  readonly reports: { readonly loss: Value; readonly gradientNorm: Value }
}

/** Builds a step; the gradients are values, so that a sum over micro-batches can stand in their place. */
export function stepGraph(step: TrainingStep): StepGraph {
  checkNames(step)
  const raw = gradients(
    step.loss,
    step.trained.map(({ parameter }) => parameter),
  )
  const squares = raw.map((gradient) => g.reduceSum(g.mul(gradient, gradient), axesOf(gradient)))
  const gradientNorm = g.sqrt(squares.reduce((sum, next) => g.add(sum, next)))
  const clipped = step.clipNorm === undefined ? raw : clip(raw, gradientNorm, step.clipNorm)
  const learningRate = g.input(learningRateName, [])
  const state = optimizerUpdate(step.optimizer, step.trained, clipped, learningRate)
  return { gradients: raw, learningRate, state, reports: { loss: step.loss, gradientNorm } }
}

/** Two values of one name would have the same numbers, and each only a part of the gradient. */
function checkNames({ loss, trained }: TrainingStep): void {
  const parameters = new Map(trained.map(({ parameter }) => [parameterName(parameter), parameter.node]))
  for (const node of orderedNodes([loss])) {
    const known = node.op.kind === 'parameter' ? parameters.get(node.op.name) : undefined
    assert(known === undefined || known === node, `two values of the loss are the parameter ${nameIn(node)}`)
  }
}

function nameIn({ op }: Node): string {
  return 'name' in op ? op.name : op.kind
}

function axesOf(x: Value): readonly number[] {
  return x.shape.map((_, axis) => axis)
}

/** Multiplies by limit / max(norm, limit). */
function clip(raw: readonly Value[], norm: Value, limit: number): readonly Value[] {
  const factor = g.div(g.scalar(limit), g.maximum(norm, g.scalar(limit)))
  return raw.map((gradient) => g.mul(gradient, factor))
}
