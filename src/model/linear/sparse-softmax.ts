// Multinomial logistic regression over sparse rows, trained example by example with Adagrad
// (Duchi, Hazan, Singer 2011), which gives rare n-grams large steps. Early stopping is its regulariser.
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
const biasRateShare = 0.3
const rowsBetweenTicks = 512

/** Adagrad's step size: classes with many rows take smaller steps, which keeps early stopping from coming too late. */
function rateFor(rowsPerClass: number): number {
  const rate = largestRate * Math.sqrt(rowsAtLargestRate / rowsPerClass)
  return Math.min(largestRate, Math.max(smallestRate, rate))
}

/** A model of zeros and what trains it. */
export function createSparseTrainer(task: SparseTask): SparseSoftmaxTrainer {
  const { classCount, vocabularySize } = task
  const rate = rateFor(task.classes.length / classCount)
  const model = {
    classCount,
    weights: new Float32Array(vocabularySize * classCount),
    biases: new Float32Array(classCount),
  }
  const squares = new Float32Array(vocabularySize * classCount).fill(firstSquare)
  const biasSquares = new Float32Array(classCount).fill(firstSquare)
  const gradient = new Float32Array(classCount)
  const active = new Int32Array(classCount)
  const order = Int32Array.from(task.classes.keys())

  function learn(row: number): void {
    const count = gradientOf(model, task, row, gradient, active)
    const { starts, columns, values } = task.rows
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const value = values[at]!
      const offset = columns[at]! * classCount
      for (let i = 0; i < count; i++) {
        const c = active[i]!
        const step = gradient[c]! * value
        const square = squares[offset + c]! + step * step
        squares[offset + c] = square
        model.weights[offset + c]! -= (rate * step) / Math.sqrt(square)
      }
    }
    for (let i = 0; i < count; i++) {
      const c = active[i]!
      const step = gradient[c]! * biasRateShare
      biasSquares[c]! += step * step
      model.biases[c]! -= (rate * step) / Math.sqrt(biasSquares[c]!)
    }
  }

  return {
    model,
    epoch(random, tick) {
      random.shuffle(order)
      for (let i = 0; i < order.length; i++) {
        learn(order[i]!)
        if (i % rowsBetweenTicks === 0) tick(i / order.length)
      }
    },
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
