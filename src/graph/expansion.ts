/** What the larger operations are in terms of smaller ones, made once a node so that forward and backward pass share the parts. */
import { product } from './dim.ts'
import {
  add,
  erf,
  exp,
  linear,
  log,
  matmul,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  scalar,
  scale,
  softmax,
  stopGradient,
  sub,
  tanh,
  transpose,
} from './ops.ts'
import type { GeluForm, Node, Value } from './value.ts'

/** Parts of one attention, split by head: `[batch, heads, time, depth]` and `[batch, heads, time, time]`. */
export interface AttentionParts {
  readonly queries: Value
  readonly keys: Value
  readonly values: Value
  /** Softmax of the scores, before dropout. */
  readonly weights: Value
  /** After dropout. */
  readonly kept: Value
  /** Weighted values by head. */
  readonly heads: Value
  /** `[batch, time, heads × depth]`. */
  readonly output: Value
}

const attentionParts = new WeakMap<Node, AttentionParts>()

/** Splits `[batch, time, heads × depth]` by head: `[batch, heads, time, depth]`. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch, time, width] = x.shape
  return transpose(reshape(x, [batch!, time!, heads, Number(width) / heads]), [0, 2, 1, 3])
}

/** Joins heads again. */
export function joinHeads(x: Value): Value {
  const [batch, heads, time, depth] = x.shape
  return reshape(transpose(x, [0, 2, 1, 3]), [batch!, time!, product(heads!, depth!)])
}

/** The parts of an attention node. */
export function expandAttention(
  node: Node,
  op: { readonly heads: number; readonly scale: number },
): AttentionParts {
  const known = attentionParts.get(node)
  if (known) return known
  const [q, k, v, bias, dropout] = node.inputs
  const [queries, keys, values] = [q!, k!, v!].map((x) => splitHeads(x, op.heads))
  const scores = matmul(queries!, keys!, { transposeB: true, alpha: op.scale })
  const weights = softmax(add(scores, bias!))
  const kept = dropout ? mul(weights, dropout) : weights
  const heads = matmul(kept, values!)
  const parts = {
    queries: queries!,
    keys: keys!,
    values: values!,
    weights,
    kept,
    heads,
    output: joinHeads(heads),
  }
  attentionParts.set(node, parts)
  return parts
}

/** log-softmax as max, sub, exp, sum and log, which all run on WebGPU. */
export function expandLogSoftmax(x: Value): Value {
  const shifted = sub(x, stopGradient(reduceMax(x, [-1], { keep: true })))
  return sub(shifted, log(reduceSum(exp(shifted), [-1], { keep: true })))
}

/** Parts of one gelu that its gradient uses again. */
export interface GeluParts {
  /** x / √2 for the exact form, √(2/π) (x + 0.044715 x³) for the other. */
  readonly inner: Value
  /** 1 + erf(inner), or 1 + tanh(inner). */
  readonly curve: Value
  /** x · curve / 2. */
  readonly output: Value
}

const geluParts = new WeakMap<Node, GeluParts>()

/** The parts of a gelu node that has been differentiated; others are left whole, for a fused operation. */
export const expandedGelu = (node: Node): GeluParts | undefined => geluParts.get(node)

/** The parts of a gelu node. */
export function expandGelu(node: Node, form: GeluForm): GeluParts {
  const known = geluParts.get(node)
  if (known) return known
  const x = node.inputs[0]!
  const { inner, bend, factor, of } = geluForms[form](x)
  const curve = add(bend, scalar(1))
  const parts = { inner, curve, output: scale(mul(of, curve), factor) }
  geluParts.set(node, parts)
  return parts
}

interface GeluCurve {
  readonly inner: Value
  readonly bend: Value
  /** The output is `of` · (bend + 1) · factor. */
  readonly of: Value
  readonly factor: number
}

const geluForms: { readonly [F in GeluForm]: (x: Value) => GeluCurve } = {
  erf: (x) => {
    const inner = scaledLayer(x, Math.SQRT1_2)
    return { inner, bend: erf(inner), of: inner, factor: Math.SQRT1_2 }
  },
  tanh: (x) => {
    const slope = add(scale(mul(x, x), 0.044715), scalar(1))
    const inner = mul(scale(x, Math.sqrt(2 / Math.PI)), slope)
    return { inner, bend: tanh(inner), of: x, factor: 0.5 }
  },
}

/** x · factor; where x is a linear layer, by its own product, which costs nothing and leaves x itself without use. */
function scaledLayer(x: Value, factor: number): Value {
  const { op, inputs } = x.node
  if (op.kind !== 'linear') return scale(x, factor)
  return linear(inputs[0]!, inputs[1]!, inputs[2]!, { ...op, alpha: op.alpha * factor })
}
