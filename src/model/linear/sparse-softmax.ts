// Multinomial logistic regression over sparse rows, trained example by example: with Adagrad (Duchi, Hazan, Singer
// 2011), which gives rare n-grams large steps, or with plain steps. Early stopping is its regulariser.
import type { Random } from '../../base/random.ts'
import { softmaxInPlace } from './softmax.ts'
import type { SparseRows } from './sparse-rows.ts'

/** Weights in training: V rows of C numbers, and C biases. */
export interface SparseSoftmax {
  readonly classCount: number
  readonly weights: Float32Array
  readonly biases: Float32Array
}

/** Training state that can go on epoch by epoch. */
export interface SparseSoftmaxTrainer {
  readonly model: SparseSoftmax
  /** One pass over the rows in random order; `tick` is called now and then with the share done. */
  epoch(random: Random, tick: (share: number) => void): void
}

/** What is learned from: class and weight of each sparse row. */
export interface SparseTask {
  readonly rows: SparseRows
  readonly classes: Int32Array
  readonly weights: Float32Array
  readonly classCount: number
  readonly vocabularySize: number
}

const largestRate = 0.3
const smallestRate = 0.1
const rowsAtLargestRate = 2000
const firstSquare = 1e-3
// A class whose share is off by less gives no step: late in training that is nearly all of them.
const smallestGradient = 1e-3
const biasShare = { adaptive: 0.3, plain: 0.1 } as const
const plainRate = 1 // rows have lengths of about 1, for which larger steps would not settle
const plainDecay = 0.5 // of the step size, an epoch
const rowsBetweenTicks = 512

/** Adagrad's step size: classes with many rows take smaller steps, which keeps early stopping from coming too late. */
function rateFor(rowsPerClass: number): number {
  const rate = largestRate * Math.sqrt(rowsAtLargestRate / rowsPerClass)
  return Math.min(largestRate, Math.max(smallestRate, rate))
}

/** How steps are taken: each weight's own size by Adagrad, or one size for all that shrinks epoch by epoch. */
export type Stepping = 'adaptive' | 'plain'

/** A model of zeros and what trains it. */
export function createSparseTrainer(task: SparseTask, stepping: Stepping): SparseSoftmaxTrainer {
  const { classCount, vocabularySize } = task
  const model = {
    classCount,
    weights: new Float32Array(vocabularySize * classCount),
    biases: new Float32Array(classCount),
  }
  const take = stepping === 'adaptive' ? adaptiveStep(model, task) : plainStep(model, task)
  const gradient = new Float32Array(classCount)
  const active = new Int32Array(classCount)
  const order = Int32Array.from(task.classes.keys())
  return {
    model,
    epoch(random, tick) {
      random.shuffle(order)
      for (let i = 0; i < order.length; i++) {
        const row = order[i]!
        take(row, gradient, active.subarray(0, gradientOf(model, task, row, gradient, active)))
        if (i % rowsBetweenTicks === 0) tick(i / order.length)
      }
    },
  }
}

/** Moves the weights of a row's columns along the gradient of its active classes. */
type Step = (row: number, gradient: Float32Array, active: Int32Array) => void

function adaptiveStep({ weights, biases, classCount }: SparseSoftmax, { rows, classes }: SparseTask): Step {
  const rate = rateFor(classes.length / classCount)
  const squares = new Float32Array(weights.length).fill(firstSquare)
  const biasSquares = new Float32Array(classCount).fill(firstSquare)
  return (row, gradient, active) => {
    for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
      const value = rows.values[at]!
      const offset = rows.columns[at]! * classCount
      for (let i = 0; i < active.length; i++) {
        const c = active[i]!
        const step = gradient[c]! * value
        const square = squares[offset + c]! + step * step
        squares[offset + c] = square
        weights[offset + c]! -= (rate * step) / Math.sqrt(square)
      }
    }
    for (let i = 0; i < active.length; i++) {
      const c = active[i]!
      const step = gradient[c]! * biasShare.adaptive
      biasSquares[c]! += step * step
      biases[c]! -= (rate * step) / Math.sqrt(biasSquares[c]!)
    }
  }
}

function plainStep({ weights, biases, classCount }: SparseSoftmax, { rows, classes }: SparseTask): Step {
  let taken = 0
  return (row, gradient, active) => {
    const rate = plainRate / (1 + (plainDecay * taken++) / classes.length)
    for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
      const size = rate * rows.values[at]!
      const offset = rows.columns[at]! * classCount
      for (let i = 0; i < active.length; i++) weights[offset + active[i]!]! -= size * gradient[active[i]!]!
    }
    for (let i = 0; i < active.length; i++)
      biases[active[i]!]! -= rate * biasShare.plain * gradient[active[i]!]!
  }
}

/** Writes `weight · (p − target)` to `gradient`, and the classes where that matters to `active`; gives their number. */
function gradientOf(
  model: SparseSoftmax,
  task: SparseTask,
  row: number,
  gradient: Float32Array,
  active: Int32Array,
): number {
  sparseLogits(model, task.rows, row, gradient)
  softmaxInPlace(gradient)
  gradient[task.classes[row]!]! -= 1
  const weight = task.weights[row]!
  let count = 0
  for (let c = 0; c < gradient.length; c++) {
    const value = gradient[c]!
    if (value > -smallestGradient && value < smallestGradient) continue
    gradient[c] = value * weight
    active[count++] = c
  }
  return count
}

/** Logits of one row, written to `target`, which is C long. */
export function sparseLogits(
  model: SparseSoftmax,
  rows: SparseRows,
  row: number,
  target: Float32Array,
): void {
  const { classCount, weights } = model
  target.set(model.biases)
  for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
    const value = rows.values[at]!
    const offset = rows.columns[at]! * classCount
    for (let c = 0; c < classCount; c++) target[c]! += value * weights[offset + c]!
  }
}
