/** Shape rules: what each operation makes of the shapes and types of its inputs, and which inputs it refuses. */
import { assert } from '../base/errors.ts'
import { assertSame, broadcastShapes, type Dim, product, type Shape, sameShape, shapeText } from './dim.ts'
import type { DType, Op, OpName, OpOf, TensorType } from './value.ts'

type ShapeRules = {
  readonly [K in OpName]: (op: OpOf<K>, inputs: readonly TensorType[]) => readonly TensorType[]
}

type Rule = (op: Op, inputs: readonly TensorType[]) => readonly TensorType[]

const float = (shape: Shape): readonly TensorType[] => [{ shape, dtype: 'float32' }]

const unary: Rule = (op, inputs) => {
  const [x] = typed(op.kind, inputs, ['float32'])
  return float(x!.shape)
}

const binary: Rule = (op, inputs) => {
  const [a, b] = typed(op.kind, inputs, ['float32', 'float32'])
  return float(broadcastShapes(op.kind, a!.shape, b!.shape))
}

const comparison: Rule = (op, inputs) => {
  assert(inputs.length === 2, `${op.kind}: ${inputs.length} inputs instead of 2`)
  const [a, b] = inputs
  assertSame(op.kind, 'types', a!.dtype, b!.dtype)
  return [{ shape: broadcastShapes(op.kind, a!.shape, b!.shape), dtype: 'bool' }]
}

const reduction = (op: OpOf<'reduceSum' | 'reduceMean' | 'reduceMax'>, inputs: readonly TensorType[]) => {
  const [x] = typed(op.kind, inputs, ['float32'])
  for (const axis of op.axes) axisOf(op.kind, x!.shape, axis)
  const shape = x!.shape.flatMap((dim, i) => (op.axes.includes(i) ? (op.keep ? [1] : []) : [dim]))
  return float(shape)
}

const lastAxis: Rule = (op, inputs) => {
  const [x] = typed(op.kind, inputs, ['float32'])
  assert(x!.shape.length > 0, `${op.kind}: a scalar has no last axis`)
  return float(x!.shape)
}

const shapeRules: ShapeRules = {
  input: (op) => [{ shape: op.shape, dtype: op.dtype }],
  parameter: (op) => float(op.shape),
  constant: (op) => {
    const size = product(...op.shape)
    assertSame('constant', `elements of ${shapeText(op.shape)}`, size, op.data.length)
    return [{ shape: op.shape, dtype: op.data instanceof Int32Array ? 'int32' : 'float32' }]
  },
  negate: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  reciprocal: unary,
  erf: unary,
  tanh: unary,
  sigmoid: unary,
  relu: unary,
  stopGradient: unary,
  scale: unary,
  gelu: unary,
  reduceSum: reduction,
  reduceMean: reduction,
  reduceMax: reduction,
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  maximum: binary,
  greater: comparison,
  equal: comparison,
  where: (op, inputs) => {
    const [condition, a, b] = typed(op.kind, inputs, ['bool', 'float32', 'float32'])
    return float(broadcastShapes(op.kind, condition!.shape, broadcastShapes(op.kind, a!.shape, b!.shape)))
  },
  cast: (op, [x]) => [{ shape: x!.shape, dtype: op.to }],
  matmul: (op, inputs) => {
    const [a, b] = typed(op.kind, inputs, ['float32', 'float32'])
    return float(matmulShape(op, a!.shape, b!.shape))
  },
  linear: (op, inputs) => {
    const [x, weight, bias] = typed(op.kind, inputs, ['float32', 'float32', 'float32'])
    const shape = matmulShape(
      { kind: 'matmul', transposeA: false, transposeB: op.transposeWeight, alpha: 1 },
      x!.shape,
      weight!.shape,
    )
    assertSame('linear', `shape of the bias`, shapeText(bias!.shape), shapeText([shape.at(-1)!]))
    return float(shape)
  },
  gather: (op, inputs) => {
    const [table, ids] = typed(op.kind, inputs, ['float32', 'int32'])
    assert(table!.shape.length > 0, 'gather: a scalar has no rows')
    return float([...ids!.shape, ...table!.shape.slice(1)])
  },
  scatterAdd: (op, inputs) => {
    const [ids, updates] = typed(op.kind, inputs, ['int32', 'float32'])
    const leading = updates!.shape.slice(0, ids!.shape.length)
    assert(
      sameShape(ids!.shape, leading),
      `scatterAdd: ids ${shapeText(ids!.shape)} do not lead ${shapeText(updates!.shape)}`,
    )
    return float([op.rows, ...updates!.shape.slice(ids!.shape.length)])
  },
  reshape: (op, [x]) => {
    const from = product(...x!.shape)
    const what = `elements of ${shapeText(x!.shape)} and ${shapeText(op.shape)}`
    assertSame('reshape', what, from, product(...op.shape))
    return [{ shape: op.shape, dtype: x!.dtype }]
  },
  broadcast: (op, inputs) => {
    const [x] = typed(op.kind, inputs, ['float32'])
    const shape = broadcastShapes(op.kind, x!.shape, op.shape)
    assertSame('broadcast', 'shape', shapeText(shape), shapeText(op.shape))
    return float(shape)
  },
  transpose: (op, [x]) => {
    const sorted = [...op.permutation].sort((a, b) => a - b)
    assert(
      sorted.length === x!.shape.length && sorted.every((axis, i) => axis === i),
      `transpose: [${op.permutation}] does not order the axes of ${shapeText(x!.shape)}`,
    )
    return [{ shape: op.permutation.map((axis) => x!.shape[axis]!), dtype: x!.dtype }]
  },
  slice: (op, [x]) => {
    const size = axisOf('slice', x!.shape, op.axis)
    const end = typeof op.end === 'string' ? op.start + 1 : op.end
    const fits = op.start >= 0 && op.start < end && (typeof size === 'string' || end <= size)
    assert(fits, `slice: ${op.start} to ${op.end} is not within axis ${op.axis} of ${shapeText(x!.shape)}`)
    const startsAtZero = typeof op.end === 'number' || op.start === 0
    assert(startsAtZero, `slice: up to the named axis ${op.end} begins at 0, not at ${op.start}`)
    const length = typeof op.end === 'string' ? op.end : op.end - op.start
    return [{ shape: replaced(x!.shape, op.axis, length), dtype: x!.dtype }]
  },
  pad: (op, inputs) => {
    const [x] = typed(op.kind, inputs, ['float32'])
    axisOf('pad', x!.shape, op.axis)
    return float(replaced(x!.shape, op.axis, op.to))
  },
  concat: (op, inputs) => {
    assert(inputs.length > 0, 'concat: nothing to join')
    const first = inputs[0]!
    axisOf('concat', first.shape, op.axis)
    for (const next of inputs) {
      assertSame('concat', 'types', first.dtype, next.dtype)
      const alike = sameShape(replaced(first.shape, op.axis, 1), replaced(next.shape, op.axis, 1))
      assert(alike, `concat: ${shapeText(first.shape)} and ${shapeText(next.shape)} along axis ${op.axis}`)
    }
    const sizes = inputs.map((next) => next.shape[op.axis]!)
    return [{ shape: replaced(first.shape, op.axis, total(sizes)), dtype: first.dtype }]
  },
  softmax: lastAxis,
  logSoftmax: lastAxis,
  layerNormalization: (op, inputs) => {
    const [x, gain, bias] = typed(op.kind, inputs, ['float32', 'float32', 'float32'])
    const last = shapeText([x!.shape.at(-1) ?? '?'])
    assertSame(op.kind, 'shape of the gain', shapeText(gain!.shape), last)
    assertSame(op.kind, 'shape of the bias', shapeText(bias!.shape), last)
    const statistics = [...x!.shape.slice(0, -1), 1]
    return [...float(x!.shape), ...float(statistics), ...float(statistics)]
  },
  attention: (op, inputs) => attentionTypes(op, inputs),
}

function matmulShape(op: OpOf<'matmul'>, a: Shape, b: Shape): Shape {
  assert(a.length >= 2 && b.length >= 2, `matmul: ${shapeText(a)} by ${shapeText(b)} are not matrices`)
  const [rows, inner] = matrix(a, op.transposeA)
  const [innerB, columns] = matrix(b, op.transposeB)
  assertSame('matmul', 'inner axis', inner, innerB)
  if (b.length === 2 && !op.transposeA) return [...a.slice(0, -2), rows, columns]
  const [left, right] = [a.slice(0, -2), b.slice(0, -2)]
  assert(sameShape(left, right), `matmul: batch axes: ${shapeText(left)} ≠ ${shapeText(right)}`)
  return [...left, rows, columns]
}

function matrix(shape: Shape, transposed: boolean): readonly [Dim, Dim] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
  return transposed ? [columns, rows] : [rows, columns]
}

/** Queries, keys, values `[batch, time, heads × depth]`, what is added to the scores, and a factor for each weight. */
function attentionTypes(op: OpOf<'attention'>, inputs: readonly TensorType[]): readonly TensorType[] {
  assert(inputs.length === 4 || inputs.length === 5, `attention: ${inputs.length} inputs`)
  for (const input of inputs) assertSame('attention', 'type', input.dtype, 'float32')
  const [q, k, v, bias, dropout] = inputs.map((input) => input.shape)
  for (const [name, shape] of Object.entries({ queries: q!, keys: k!, values: v! })) {
    assert(shape.length === 3, `attention: ${name} ${shapeText(shape)} are not [batch, time, width]`)
    assertSame('attention', `batch of queries and ${name}`, q![0]!, shape[0]!)
    const width = shape[2]!
    assert(
      typeof width === 'number' && width % op.heads === 0,
      `attention: width ${width} of the ${name} is not a multiple of ${op.heads} heads`,
    )
  }
  assertSame('attention', 'width of queries and keys', q![2]!, k![2]!)
  assertSame('attention', 'time of keys and values', k![1]!, v![1]!)
  const weights: Shape = [q![0]!, op.heads, q![1]!, k![1]!]
  const added = broadcastShapes('attention', bias!, weights)
  assertSame('attention', 'shape of the scores and what is added', shapeText(added), shapeText(weights))
  if (dropout) assertSame('attention', 'shape of the dropout', shapeText(dropout), shapeText(weights))
  return float([...q!.slice(0, 2), v![2]!])
}

function axisOf(what: string, shape: Shape, axis: number): Dim {
  const dim = shape[axis]
  assert(dim !== undefined, `${what}: ${shapeText(shape)} has no axis ${axis}`)
  return dim
}

function replaced(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((old, i) => (i === axis ? dim : old))
}

function total(sizes: readonly Dim[]): Dim {
  if (sizes.length === 1) return sizes[0]!
  return sizes.reduce<number>((sum, size) => {
    assert(typeof size === 'number', `concat: the axis ${size} has no size yet, so no sum can be named`)
    return sum + size
  }, 0)
}

function typed(what: string, inputs: readonly TensorType[], expected: readonly DType[]) {
  assert(inputs.length === expected.length, `${what}: ${inputs.length} inputs instead of ${expected.length}`)
  expected.forEach((dtype, i) => {
    assertSame(what, `type of input ${i}`, inputs[i]!.dtype, dtype)
  })
  return inputs
}

/** Types of the outputs of an operation on inputs of these types, by its rule. */
export function outputsOf<K extends OpName>(op: OpOf<K>, inputs: readonly TensorType[]) {
  const rule: ShapeRules[K] = shapeRules[op.kind as K]
  return rule(op, inputs)
}
