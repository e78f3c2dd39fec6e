/** Logistic regression on a few features with lower bounds on the weights: the calibration maps are fitted with it. */
import { assert } from '../base/errors.ts'

export interface LogisticProblem {
  /** One row of features after another, `width` numbers each. */
  readonly features: Float64Array
  readonly width: number
  readonly labels: readonly boolean[]
  /** Where the weights start, and what the penalty pulls them to. */
  readonly prior: readonly number[]
  /** Strength of the pull, in the units of the log-likelihood. */
  readonly ridge: number
  readonly lower: readonly number[]
}

/** Weights of the greatest penalised likelihood, by projected Newton steps with halving (Bertsekas, 1982). */
export function fitLogistic(problem: LogisticProblem): readonly number[] {
  let weights = problem.prior.map((value, i) => Math.max(value, problem.lower[i]!))
  let loss = lossOf(problem, weights)
  for (let step = 0; step < 100; step++) {
    const direction = newtonDirection(problem, weights)
    let size = 1
    let moved = weights
    let movedLoss = Number.POSITIVE_INFINITY
    for (; size > 1e-9 && !(movedLoss < loss); size /= 2) {
      moved = weights.map((value, i) => Math.max(problem.lower[i]!, value - size * direction[i]!))
      movedLoss = lossOf(problem, moved)
    }
    if (!(movedLoss < loss - 1e-10)) break
    weights = moved
    loss = movedLoss
  }
  return weights
}

function lossOf(problem: LogisticProblem, weights: readonly number[]): number {
  let loss = 0
  for (let i = 0; i < weights.length; i++) {
    loss += (problem.ridge / 2) * (weights[i]! - problem.prior[i]!) ** 2
  }
  for (let row = 0; row < problem.labels.length; row++) {
    const z = problem.labels[row] ? -logit(problem, weights, row) : logit(problem, weights, row)
    loss += z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z))
  }
  return loss
}

function logit(problem: LogisticProblem, weights: readonly number[], row: number): number {
  let z = 0
  for (let i = 0; i < problem.width; i++) z += weights[i]! * problem.features[row * problem.width + i]!
  return z
}

/** Newton's direction over the weights that no bound holds back; 0 for the others. */
function newtonDirection(problem: LogisticProblem, weights: readonly number[]): readonly number[] {
  const { width } = problem
  const gradient = weights.map((value, i) => problem.ridge * (value - problem.prior[i]!))
  const hessian = weights.map((_, i) => weights.map((__, j) => (i === j ? problem.ridge : 0)))
  for (let row = 0; row < problem.labels.length; row++) {
    const p = 1 / (1 + Math.exp(-logit(problem, weights, row)))
    const residual = p - Number(problem.labels[row])
    for (let i = 0; i < width; i++) {
      const feature = problem.features[row * width + i]!
      gradient[i]! += residual * feature
      for (let j = 0; j < width; j++) {
        hessian[i]![j]! += p * (1 - p) * feature * problem.features[row * width + j]!
      }
    }
  }
  const free = weights.flatMap((value, i) => (value <= problem.lower[i]! && gradient[i]! > 0 ? [] : [i]))
  const solved = solve(
    free.map((i) => free.map((j) => hessian[i]![j]!)),
    free.map((i) => gradient[i]!),
  )
  return weights.map((_, i) => (free.includes(i) ? solved[free.indexOf(i)]! : 0))
}

/** Solves a small positive definite system by elimination. */
function solve(matrix: number[][], right: number[]): readonly number[] {
  const size = right.length
  for (let pivot = 0; pivot < size; pivot++) {
    assert(matrix[pivot]![pivot]! > 0, 'a penalised logistic fit is always positive definite')
    for (let row = pivot + 1; row < size; row++) {
      const factor = matrix[row]![pivot]! / matrix[pivot]![pivot]!
      for (let column = pivot; column < size; column++) {
        matrix[row]![column]! -= factor * matrix[pivot]![column]!
      }
      right[row]! -= factor * right[pivot]!
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let column = row + 1; column < size; column++) right[row]! -= matrix[row]![column]! * right[column]!
    right[row]! /= matrix[row]![row]!
  }
  return right
}
