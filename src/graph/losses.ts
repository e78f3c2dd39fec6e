/** Losses. Each is a weighted sum over rows; weights that add up to 1 over a step make it a mean, also over micro-batches. */
import { assertSame, shapeText } from './dim.ts'
import * as g from './ops.ts'
import type { Value } from './value.ts'

const everyAxis = (x: Value): readonly number[] => x.shape.map((_, axis) => axis)

/**
 * Cross-entropy of logits `[…, classes]` with target distributions of the same shape: one-hot, smoothed or soft.
 * `weights` are `[…]`: 0 for padding, the mask of token-level losses.
 */
export function crossEntropy(logits: Value, targets: Value, weights: Value): Value {
  assertSame('crossEntropy', 'shape of logits and targets', shapeText(logits.shape), shapeText(targets.shape))
  assertSame(
    'crossEntropy',
    'rows of logits and weights',
    shapeText(logits.shape.slice(0, -1)),
    shapeText(weights.shape),
  )
  const likelihood = g.reduceSum(g.mul(targets, g.logSoftmax(logits)), [-1])
  return g.negate(g.reduceSum(g.mul(likelihood, weights), everyAxis(weights)))
}

/**
 * Binary cross-entropy of each logit `[rows, labels]` with targets between 0 and 1, summed over labels: for several labels
 * at once. Written m + log(e^(z − m) + e^−m) − z y with m = max(z, 0), which does not overflow. Weights are `[rows]`.
 */
export function sigmoidCrossEntropy(logits: Value, targets: Value, weights: Value): Value {
  assertSame(
    'sigmoidCrossEntropy',
    'shape of logits and targets',
    shapeText(logits.shape),
    shapeText(targets.shape),
  )
  const most = g.stopGradient(g.relu(logits))
  const total = g.add(g.exp(g.sub(logits, most)), g.exp(g.negate(most)))
  const losses = g.reduceSum(g.sub(g.add(most, g.log(total)), g.mul(logits, targets)), [-1])
  return g.reduceSum(g.mul(losses, weights), everyAxis(weights))
}
