// What stands on an encoder: logits of a text's labels, of each token's labels, and of where an answer begins and ends.
import type { Shape } from '../../graph/dim.ts'
import { add, linear, mul, parameter, reciprocal, reduceSum, scalar, scale, sqrt } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'

/** A linear head: its weight [out, in] and bias [out] are parameters under these names. */
export interface LinearHead {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Names and shapes of a head's parameters. */
function headTensors({ name, from, to }: LinearHead): readonly { name: string; shape: Shape }[] {
  return [
    { name: `${name}.weight`, shape: [to, from] },
    { name: `${name}.bias`, shape: [to] },
  ]
}

/** Logits [..., to] of x [..., from]: of texts [B, H], of tokens [B, T, H]. */
export function headLogits(x: Value, head: LinearHead): Value {
  const [weight, bias] = headTensors(head).map(({ name, shape }) => parameter(name, shape))
  return linear(x, weight!, bias!, { transposeWeight: true })
}

/**
 * Logits [B, to] of vectors of unit length [B, from] by cosine: `steepness` · cos(x, weight of a label) + bias. Weights
 * keep their direction only, so that it is a linear head of {@link LinearHead}'s shape once it is trained.
 */
export function cosineLogits(x: Value, head: LinearHead, steepness: number): Value {
  const [weight, bias] = headTensors(head).map(({ name, shape }) => parameter(name, shape))
  const square = reduceSum(mul(weight!, weight!), [-1], { keep: true })
  const directions = mul(weight!, reciprocal(sqrt(add(square, scalar(leastSquare)))))
  return linear(x, scale(directions, steepness), bias!, { transposeWeight: true })
}

const leastSquare = 1e-12
