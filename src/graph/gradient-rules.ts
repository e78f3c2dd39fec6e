/** Gradient rules: for each operation, the gradients of its inputs given those of its outputs; "stops" where there is none. */
import { assert } from '../base/errors.ts'
import { product, type Shape, sameShape } from './dim.ts'
import { expandAttention, expandGelu, type GeluParts, joinHeads, splitHeads } from './expansion.ts'
import * as g from './ops.ts'
import type { GeluForm, Node, OpName, OpOf, Value } from './value.ts'

/** Gradients of the inputs of a node, in order; `undefined` where an input has none. */
export type InputGradients = readonly (Value | undefined)[]

/**
 * One rule: `outputs` are the values of the node, `gradient` belongs to the first of them, which alone has one.
 * Parts that nobody asks for are never lowered, so a rule builds them all.
 */
type GradientRule<K extends OpName> =
  | 'stops'
  | ((op: OpOf<K>, node: Node, outputs: readonly Value[], gradient: Value) => InputGradients)

type GradientRules = { readonly [K in OpName]: GradientRule<K> }

const gradientRules: GradientRules = {
  input: 'stops',
  parameter: 'stops',
  constant: 'stops',
  stopGradient: 'stops',
  greater: 'stops',
  equal: 'stops',
  cast: 'stops',
  // outputs of backward passes, of which second derivatives are not taken
  scatterAdd: 'stops',
  negate: (_, __, ___, dy) => [g.negate(dy)],
  exp: (_, __, [y], dy) => [g.mul(dy, y!)],
  log: (_, { inputs: [x] }, __, dy) => [g.div(dy, x!)],
  sqrt: (_, __, [y], dy) => [g.scale(g.div(dy, y!), 0.5)],
  reciprocal: (_, __, [y], dy) => [g.negate(g.mul(dy, g.mul(y!, y!)))],
  erf: (_, { inputs: [x] }, __, dy) => [
    g.scale(g.mul(dy, g.exp(g.negate(g.mul(x!, x!)))), 2 / Math.sqrt(Math.PI)),
  ],
  tanh: (_, __, [y], dy) => [g.mul(dy, g.sub(g.scalar(1), g.mul(y!, y!)))],
  sigmoid: (_, __, [y], dy) => [g.mul(dy, g.mul(y!, g.sub(g.scalar(1), y!)))],
  relu: (_, { inputs: [x] }, __, dy) => [g.mul(dy, indicator(g.greater(x!, g.scalar(0))))],
  scale: (op, _, __, dy) => [g.scale(dy, op.factor)],
  gelu: (op, node, __, dy) => [geluGradient[op.form](node.inputs[0]!, expandGelu(node, op.form), dy)],
  add: (_, { inputs: [a, b] }, __, dy) => [unbroadcast(dy, a!.shape), unbroadcast(dy, b!.shape)],
  sub: (_, { inputs: [a, b] }, __, dy) => [unbroadcast(dy, a!.shape), g.negate(unbroadcast(dy, b!.shape))],
  mul: (_, { inputs: [a, b] }, __, dy) => [
    unbroadcast(g.mul(dy, b!), a!.shape),
    unbroadcast(g.mul(dy, a!), b!.shape),
  ],
  div: (_, { inputs: [a, b] }, [y], dy) => {
    const overB = g.div(dy, b!)
    return [unbroadcast(overB, a!.shape), g.negate(unbroadcast(g.mul(overB, y!), b!.shape))]
  },
  maximum: (_, { inputs: [a, b] }, __, dy) => {
    const second = indicator(g.greater(b!, a!))
    const toB = g.mul(dy, second)
    return [unbroadcast(g.sub(dy, toB), a!.shape), unbroadcast(toB, b!.shape)]
  },
  where: (_, { inputs: [condition, a, b] }, __, dy) => {
    const toA = g.mul(dy, indicator(condition!))
    return [undefined, unbroadcast(toA, a!.shape), unbroadcast(g.sub(dy, toA), b!.shape)]
  },
  reduceSum: (op, { inputs: [x] }, __, dy) => [spread(dy, x!.shape, op.axes)],
  reduceMean: (op, { inputs: [x] }, [y], dy) => [
    g.mul(spread(dy, x!.shape, op.axes), g.reciprocal(countReduced(x!, y!, op.axes))),
  ],
  reduceMax: (op, { inputs: [x] }, [y], dy) => {
    const chosen = indicator(g.equal(x!, spread(y!, x!.shape, op.axes)))
    const ties = g.reduceSum(chosen, op.axes, { keep: true })
    return [g.mul(g.div(chosen, ties), spread(dy, x!.shape, op.axes))]
  },
  matmul: (op, { inputs: [a, b] }, __, dy) => matmulGradient(op, a!, b!, dy),
  linear: (op, { inputs: [x, weight] }, __, dy) => {
    const { alpha, transposeWeight: transposeB } = op
    const product = { kind: 'matmul', transposeA: false, transposeB, alpha } as const
    return [...matmulGradient(product, x!, weight!, dy), g.scale(columnSum(dy), alpha)]
  },
  gather: (_, { inputs: [table, ids] }, __, dy) => [g.scatterAdd(ids!, dy, table!.shape[0]!), undefined],
  reshape: (_, { inputs: [x] }, __, dy) => [g.reshape(dy, x!.shape)],
  broadcast: (_, { inputs: [x] }, __, dy) => [unbroadcast(dy, x!.shape)],
  transpose: (op, _, __, dy) => [g.transpose(dy, inverse(op.permutation))],
  slice: (op, { inputs: [x] }, __, dy) => [
    g.pad(dy, { axis: op.axis, before: op.start, to: x!.shape[op.axis]! }),
  ],
  pad: (op, { inputs: [x] }, __, dy) => {
    const size = x!.shape[op.axis]!
    return [
      g.slice(dy, {
        axis: op.axis,
        start: op.before,
        end: typeof size === 'string' ? size : op.before + size,
      }),
    ]
  },
  concat: (op, { inputs }, __, dy) => {
    let at = 0
    return inputs.map((part) => {
      const start = at
      at += Number(part.shape[op.axis])
      return g.slice(dy, { axis: op.axis, start, end: at })
    })
  },
  softmax: (_, __, [y], dy) => {
    const weighted = g.mul(dy, y!)
    return [g.sub(weighted, g.mul(y!, g.reduceSum(weighted, [-1], { keep: true })))]
  },
  logSoftmax: (_, __, [y], dy) => [g.sub(dy, g.mul(g.exp(y!), g.reduceSum(dy, [-1], { keep: true })))],
  layerNormalization: (_, { inputs: [x, gain] }, [, mean, inverseDeviation], dy) =>
    layerNormalizationGradient(x!, gain!, mean!, inverseDeviation!, dy),
  attention: (op, node, _, dy) => attentionGradient(op, node, dy),
}

/** 1 where true, 0 elsewhere. */
const indicator = (condition: Value): Value => g.cast(condition, 'float32')

/** Sums a gradient over the axes along which its value was repeated. */
function unbroadcast(gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient
  const extra = gradient.shape.length - shape.length
  const stretched = gradient.shape.flatMap((dim, i) =>
    i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : [],
  )
  const summed = stretched.length === 0 ? gradient : g.reduceSum(gradient, stretched)
  return g.reshape(summed, shape)
}

/** Repeats a reduced value along the axes that were reduced. */
function spread(reduced: Value, shape: Shape, axes: readonly number[]): Value {
  const kept = shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
  return g.broadcast(g.reshape(reduced, kept), shape)
}

/** How many elements went into each mean, as a scalar of the run. */
function countReduced(x: Value, mean: Value, axes: readonly number[]): Value {
  const count = product(...axes.map((axis) => x.shape[axis]!))
  if (typeof count === 'number') return g.scalar(count)
  const ones = g.broadcast(
    g.scalar(1),
    axes.map((axis) => x.shape[axis]!),
  )
  assert(mean.dtype === 'float32', 'means are float32')
  return g.reduceSum(
    ones,
    axes.map((_, i) => i),
  )
}

/** Sum over all rows: `[…, width]` → `[width]`. */
function columnSum(x: Value): Value {
  return g.reduceSum(g.flattenRows(x), [0])
}

function inverse(permutation: readonly number[]): readonly number[] {
  return permutation.map((_, i) => permutation.indexOf(i))
}

/** C = α op(A) op(B): each gradient is a product of the other factor and C's, transposed so that no copy is made. */
function matmulGradient(op: OpOf<'matmul'>, a: Value, b: Value, dy: Value): readonly Value[] {
  const { alpha, transposeA, transposeB } = op
  const toA = transposeA
    ? g.matmul(b, dy, { transposeA: transposeB, transposeB: true, alpha })
    : g.matmul(dy, b, { transposeB: !transposeB, alpha })
  const shared = b.shape.length === 2 && a.shape.length > 2
  const [left, over] = shared ? [g.flattenRows(a), g.flattenRows(dy)] : [a, dy]
  const toB = transposeB
    ? g.matmul(over, left, { transposeA: true, transposeB: transposeA, alpha })
    : g.matmul(left, over, { transposeA: !transposeA, alpha })
  return [toA, toB]
}

/** Half of a gradient, at no cost where it is a matrix product. */
function halved(dy: Value): Value {
  const { op, inputs } = dy.node
  if (op.kind !== 'matmul') return g.scale(dy, 0.5)
  return g.matmul(inputs[0]!, inputs[1]!, { ...op, alpha: op.alpha / 2 })
}

type GeluGradient = (x: Value, parts: GeluParts, dy: Value) => Value

const geluGradient: { readonly [F in GeluForm]: GeluGradient } = {
  // y' = ½ (curve + 2 x φ(x)), and with u = x/√2, 2 x φ(x) = u / e^(u² − ln (2/√π)): no product with a constant is left over
  erf: (_, { inner, curve }, dy) => {
    const exponent = g.sub(g.mul(inner, inner), g.scalar(Math.log(2 / Math.sqrt(Math.PI))))
    return g.mul(halved(dy), g.add(curve, g.div(inner, g.exp(exponent))))
  },
  // y' = ½ curve (1 + x u' (2 − curve)) with u' = √(2/π) (1 + 3 · 0.044715 x²)
  tanh: (x, { curve }, dy) => {
    const factor = Math.sqrt(2 / Math.PI)
    const slope = g.add(g.scale(g.mul(x, x), 3 * 0.044715 * factor), g.scalar(factor))
    const rest = g.mul(g.mul(x, slope), g.sub(g.scalar(2), curve))
    return g.mul(halved(dy), g.mul(curve, g.add(rest, g.scalar(1))))
  },
}

/** dx = (dŷ − mean(dŷ) − x̂ · mean(dŷ · x̂)) / σ with dŷ = dy · gain; both means are products with gain / width. */
function layerNormalizationGradient(
  x: Value,
  gain: Value,
  mean: Value,
  inverseDeviation: Value,
  dy: Value,
): readonly Value[] {
  const width = x.shape.at(-1)!
  assert(typeof width === 'number', 'layerNormalization: the last axis has a known size')
  const column = g.reshape(g.scale(gain, 1 / width), [width, 1])
  const normalized = g.mul(g.sub(x, mean), inverseDeviation)
  const product = g.mul(dy, normalized)
  const centred = g.sub(g.mul(dy, gain), g.matmul(dy, column))
  const toX = g.mul(g.sub(centred, g.mul(normalized, g.matmul(product, column))), inverseDeviation)
  return [toX, columnSum(product), columnSum(dy)]
}

/** With D = rowsum(dO ∘ O), which equals rowsum(dP ∘ P) and is over `depth` rather than `time` (Dao et al., 2022). */
function attentionGradient(op: OpOf<'attention'>, node: Node, dy: Value): InputGradients {
  const { queries, keys, values, weights, kept, heads } = expandAttention(node, op)
  const [, , , bias, dropout] = node.inputs
  const dHeads = splitHeads(dy, op.heads)
  const dKept = g.matmul(dHeads, values, { transposeB: true })
  const dWeights = dropout ? g.mul(dKept, dropout) : dKept
  const rowSum = g.reduceSum(g.mul(dHeads, heads), [-1], { keep: true })
  const dScores = g.mul(weights, g.sub(dWeights, rowSum))
  const dQueries = g.matmul(dScores, keys, { alpha: op.scale })
  const dKeys = g.matmul(dScores, queries, { transposeA: true, alpha: op.scale })
  const dValues = g.matmul(kept, dHeads, { transposeA: true })
  return [...[dQueries, dKeys, dValues].map(joinHeads), unbroadcast(dScores, bias!.shape), undefined]
}

/** True where no gradient passes through operations of this kind. */
export function stopsGradient(kind: OpName): boolean {
  return gradientRules[kind] === 'stops'
}

/** Gradients of the inputs of a node, by its rule. */
export function inputGradients<K extends OpName>(
  op: OpOf<K>,
  node: Node,
  outputs: readonly Value[],
  gradient: Value,
): InputGradients {
  const rule: GradientRules[K] = gradientRules[op.kind as K]
  return rule === 'stops' ? node.inputs.map(() => undefined) : rule(op, node, outputs, gradient)
}
