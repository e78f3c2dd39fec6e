// What training makes small: losses of rows, summed by the shares that they have in a step (all shares of a step make 1).
import {
  add,
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

/** Cross-entropy of softmax(logits) [N, C] with target probabilities [N, C], summed by the rows' shares [N]. */
export function crossEntropy(logits: Value, targets: Value, shares: Value): Value {
  return shared(negate(reduceSum(mul(targets, logSoftmax(logits)), [-1])), shares)
}

/** Cross-entropy of sigmoid(logits) [N, C] with targets [N, C] in 0..1, summed over labels, summed by the rows' shares [N]. */
export function binaryCrossEntropy(logits: Value, targets: Value, shares: Value): Value {
  // max(x, 0) − x t + log(1 + e^−|x|): nothing overflows.
  const size = maximum(logits, negate(logits))
  const tail = log(add(exp(negate(size)), scalar(1)))
  return shared(reduceSum(add(sub(relu(logits), mul(logits, targets)), tail), [-1]), shares)
}

/** Σ share · loss. */
function shared(losses: Value, shares: Value): Value {
  return reduceSum(
    mul(losses, shares),
    losses.shape.map((_, axis) => axis),
  )
}
