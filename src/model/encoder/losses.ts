// What training makes small: mean losses over rows that count by their weights.
import {
  add,
  div,
  exp,
  log,
  logSoftmax,
  maximum,
  mul,
  negate,
  reduceSum,
  relu,
  scalar,
  sub,
} from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'

/** Cross-entropy of softmax(logits) [N, C] with target probabilities [N, C], rows weighted by [N]. */
export function crossEntropy(logits: Value, targets: Value, weights: Value): Value {
  return weightedMean(negate(reduceSum(mul(targets, logSoftmax(logits)), [-1])), weights)
}

/** Cross-entropy of sigmoid(logits) [N, C] with targets [N, C] in 0..1, summed over labels, rows weighted by [N]. */
export function binaryCrossEntropy(logits: Value, targets: Value, weights: Value): Value {
  // max(x, 0) − x t + log(1 + e^−|x|): nothing overflows.
  const size = maximum(logits, negate(logits))
  const tail = log(add(exp(negate(size)), scalar(1)))
  return weightedMean(reduceSum(add(sub(relu(logits), mul(logits, targets)), tail), [-1]), weights)
}

/** Σ w x / Σ w; 0 where all weights are 0. */
function weightedMean(losses: Value, weights: Value): Value {
  const axes = losses.shape.map((_, axis) => axis)
  return div(reduceSum(mul(losses, weights), axes), maximum(reduceSum(weights, axes), scalar(1e-9)))
}
