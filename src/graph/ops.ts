/** The functions that build a graph: one a kind of operation, and the few that are made of others. */
import { assert } from '../base/errors.ts'
import { type Dim, product, type Shape, shapeText } from './dim.ts'
import {
  type BinaryName,
  type ComparisonName,
  type DType,
  type GeluForm,
  node,
  type ReductionName,
  type UnaryName,
  type Value,
  value,
} from './value.ts'

/** A tensor fed at each run (for training: at each micro-batch). */
export const input = (name: string, shape: Shape, dtype: DType = 'float32'): Value =>
  value({ kind: 'input', name, shape, dtype })

/** A named float32 tensor of the model; which of them train is said when the graph is lowered. */
export const parameter = (name: string, shape: Shape): Value => value({ kind: 'parameter', name, shape })

/** A tensor written into the graph. Large ones are parameters that do not train. */
export const constant = (data: Float32Array | Int32Array, shape: Shape): Value =>
  value({ kind: 'constant', data, shape })

/** A float32 scalar written into the graph. */
export const scalar = (number: number): Value => constant(Float32Array.of(number), [])

const unary =
  (kind: UnaryName) =>
  (x: Value): Value =>
    value({ kind }, x)

const binary =
  (kind: BinaryName | ComparisonName) =>
  (a: Value, b: Value): Value =>
    value({ kind }, a, b)

/** −x. */
export const negate = unary('negate')
/** eˣ. */
export const exp = unary('exp')
/** Natural logarithm. */
export const log = unary('log')
/** √x. */
export const sqrt = unary('sqrt')
/** 1 / x. */
export const reciprocal = unary('reciprocal')
/** The error function. */
export const erf = unary('erf')
/** Hyperbolic tangent. */
export const tanh = unary('tanh')
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = unary('sigmoid')
/** max(x, 0). */
export const relu = unary('relu')
/** x, through which no gradient flows. */
export const stopGradient = unary('stopGradient')

/** a + b, broadcast. */
export const add = binary('add')
/** a − b, broadcast. */
export const sub = binary('sub')
/** a · b elementwise, broadcast. */
export const mul = binary('mul')
/** a / b elementwise, broadcast. */
export const div = binary('div')
/** The larger of both elementwise, broadcast; at a tie the gradient goes to the first. */
export const maximum = binary('maximum')
/** a > b, broadcast. */
export const greater = binary('greater')
/** a = b, broadcast. */
export const equal = binary('equal')

/** x times a number known when the graph is built. */
export const scale = (x: Value, factor: number): Value =>
  factor === 1 ? x : value({ kind: 'scale', factor }, x)

/** a where the condition holds, else b; broadcast. */
export const where = (condition: Value, a: Value, b: Value): Value =>
  value({ kind: 'where' }, condition, a, b)

/** The same elements in another type; true is 1. */
export const cast = (x: Value, to: DType): Value => (x.dtype === to ? x : value({ kind: 'cast', to }, x))

/** Matrix product over the last two axes, times `alpha`. Batch axes are the same in both, or `b` is one matrix. */
export const matmul = (
  a: Value,
  b: Value,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number } = {},
): Value =>
  value(
    {
      kind: 'matmul',
      transposeA: options.transposeA ?? false,
      transposeB: options.transposeB ?? false,
      alpha: options.alpha ?? 1,
    },
    a,
    b,
  )

/** (x W + b) · alpha: x `[…, in]`, bias `[out]`, weight `[in, out]`, or `[out, in]` (as PyTorch stores it) with `transposeWeight`. */
export const linear = (
  x: Value,
  weight: Value,
  bias: Value,
  options: { readonly transposeWeight?: boolean; readonly alpha?: number } = {},
): Value =>
  value(
    { kind: 'linear', transposeWeight: options.transposeWeight ?? false, alpha: options.alpha ?? 1 },
    x,
    weight,
    bias,
  )

/** Rows of a table `[rows, …]` by int32 ids of any shape: `[…ids, …row]`. */
export const gather = (table: Value, ids: Value): Value => value({ kind: 'gather' }, table, ids)

/** Sums updates `[…ids, …row]` into rows of a zero table `[rows, …row]`; what `gather` has for a gradient. */
export const scatterAdd = (ids: Value, updates: Value, rows: Dim): Value =>
  value({ kind: 'scatterAdd', rows }, ids, updates)

/** The same elements under other axes; both products of axes must be the same. */
export const reshape = (x: Value, shape: Shape): Value =>
  shapeText(shape) === shapeText(x.shape) ? x : value({ kind: 'reshape', shape }, x)

/** Repeats along axes of size 1, and new leading ones, to that shape. */
export const broadcast = (x: Value, shape: Shape): Value =>
  shapeText(shape) === shapeText(x.shape) ? x : value({ kind: 'broadcast', shape }, x)

/** Reorders the axes: axis i of the result is axis `permutation[i]` of x. */
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  value({ kind: 'transpose', permutation }, x)

/** Elements `start` to `end` (not included, a size or a named axis) along an axis. */
export const slice = (
  x: Value,
  options: { readonly axis: number; readonly start: number; readonly end: Dim },
): Value => value({ kind: 'slice', ...options }, x)

/** Zeros before and after along an axis, until it has the size `to`. */
export const pad = (
  x: Value,
  options: { readonly axis: number; readonly before: number; readonly to: Dim },
): Value => value({ kind: 'pad', ...options }, x)

/** Joins along an axis of known size. */
export const concat = (parts: readonly Value[], axis: number): Value =>
  parts.length === 1 ? parts[0]! : value({ kind: 'concat', axis }, ...parts)

const reduction =
  (kind: ReductionName) =>
  (x: Value, axes: readonly number[], options: { readonly keep?: boolean } = {}): Value =>
    value(
      { kind, axes: axes.map((axis) => axis + (axis < 0 ? x.shape.length : 0)), keep: options.keep ?? false },
      x,
    )

/** Sum over axes (negative ones count from the last). */
export const reduceSum = reduction('reduceSum')
/** Mean over axes. */
export const reduceMean = reduction('reduceMean')
/** Largest over axes; at a tie its gradient is shared evenly. */
export const reduceMax = reduction('reduceMax')

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => value({ kind: 'softmax' }, x)

/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Value): Value => value({ kind: 'logSoftmax' }, x)

/** Layer normalization over the last axis (Ba, Kiros & Hinton, 2016); gain and bias `[width]`. */
export const layerNormalization = (
  x: Value,
  gain: Value,
  bias: Value,
  options: { readonly epsilon: number },
): Value => value({ kind: 'layerNormalization', epsilon: options.epsilon }, x, gain, bias)

/** Root-mean-square normalization over the last axis (Zhang & Sennrich, 2019); gain `[width]`. */
export const rmsNormalization = (x: Value, gain: Value, options: { readonly epsilon: number }): Value => {
  const meanSquare = reduceMean(mul(x, x), [-1], { keep: true })
  return mul(mul(x, reciprocal(sqrt(add(meanSquare, scalar(options.epsilon))))), gain)
}

/** Gaussian error linear unit, x Φ(x) (Hendrycks & Gimpel, 2016). */
export const gelu = (x: Value, options: { readonly form?: GeluForm } = {}): Value =>
  value({ kind: 'gelu', form: options.form ?? 'erf' }, x)

/**
 * Multi-head attention (Vaswani et al., 2017): softmax(Q Kᵀ · scale + bias) V for each head.
 * Queries, keys and values are `[batch, time, heads × depth]`; the bias broadcasts to `[batch, heads, time, time]`
 * (0 for a token that may be looked at, −10,000 for padding); `dropout` is a factor for each weight, of that shape.
 */
export const attention = (
  queries: Value,
  keys: Value,
  values: Value,
  options: { readonly heads: number; readonly bias: Value; readonly dropout?: Value | undefined },
): Value => {
  const width = queries.shape[2]
  assert(typeof width === 'number', `attention: queries ${shapeText(queries.shape)} have no known width`)
  const inputs = [queries, keys, values, options.bias, ...(options.dropout ? [options.dropout] : [])]
  const scaling = 1 / Math.sqrt(width / options.heads)
  return node({ kind: 'attention', heads: options.heads, scale: scaling }, inputs)[0]!
}

/**
 * Dropout (Srivastava et al., 2014) by rows drawn from a bank: x times the rows of `bank` `[kinds, width]`, which hold 0
 * or 1 / (1 − rate), that `rows` names, int32 of the shape of x without its last axis. Fed rows make it repeatable.
 */
export const dropout = (x: Value, bank: Value, rows: Value): Value => mul(x, gather(bank, rows))

/** Leading axes joined into one: `[batch, time, 384]` → `[batch*time, 384]`. */
export const flattenRows = (x: Value): Value =>
  reshape(x, [product(...x.shape.slice(0, -1)), x.shape.at(-1)!])
