/** Lowering rules: the ONNX nodes for each operation. Fused ones are used where the target has them, plain ones elsewhere. */
import { assert } from '../base/errors.ts'
import { product, type Shape } from '../graph/dim.ts'
import { expandAttention, expandedGelu, expandLogSoftmax } from '../graph/expansion.ts'
import { reshape } from '../graph/ops.ts'
import type { Node, OpName, OpOf, Value } from '../graph/value.ts'
import type { Emitter } from './emitter.ts'
import type { OnnxAttribute } from './message.ts'

type LoweringRules = {
  readonly [K in OpName]: (op: OpOf<K>, node: Node, e: Emitter) => readonly string[]
}

const int = (value: number): OnnxAttribute => ({ kind: 'int', value })
const float = (value: number): OnnxAttribute => ({ kind: 'float', value })
const microsoft = 'com.microsoft'

/** A node of one type on the inputs as they are. */
const plain =
  (type: string) =>
  (_: unknown, node: Node, e: Emitter): readonly string[] =>
    e.emit(
      type,
      node.inputs.map((input) => e.name(input)),
    )

const reduction =
  (type: string) =>
  (op: OpOf<'reduceSum' | 'reduceMean' | 'reduceMax'>, { inputs }: Node, e: Emitter) =>
    op.axes.length === 0
      ? [e.name(inputs[0]!)]
      : e.emit(type, [e.name(inputs[0]!), e.ints(...op.axes)], {
          attributes: { keepdims: int(op.keep ? 1 : 0) },
        })

const lastAxis = { axis: int(-1) }

const unbound =
  (what: string) =>
  (op: { readonly name: string }): readonly string[] => {
    assert(false, `the ${what} ${op.name} is not among those that the graph was lowered with`)
    return []
  }

const loweringRules: LoweringRules = {
  input: unbound('input'),
  parameter: unbound('parameter'),
  constant: (op, { outputs }, e) => [e.constant(outputs[0]!.dtype, op.shape.map(Number), op.data)],
  stopGradient: (_, { inputs }, e) => [e.name(inputs[0]!)],
  negate: plain('Neg'),
  exp: plain('Exp'),
  log: plain('Log'),
  sqrt: plain('Sqrt'),
  reciprocal: plain('Reciprocal'),
  erf: plain('Erf'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  relu: plain('Relu'),
  add: plain('Add'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('Div'),
  maximum: plain('Max'),
  greater: plain('Greater'),
  equal: plain('Equal'),
  where: plain('Where'),
  reduceSum: reduction('ReduceSum'),
  reduceMean: reduction('ReduceMean'),
  reduceMax: reduction('ReduceMax'),
  scale: (op, { inputs: [x] }, e) => {
    const { value, factor } = unscaled(x!)
    return e.emit('Mul', [e.name(value), scalar(e, op.factor * factor)])
  },
  cast: (op, { inputs }, e) =>
    e.emit('Cast', [e.name(inputs[0]!)], { attributes: { to: int(castNumbers[op.to]) } }),
  matmul: (op, { inputs: [a, b] }, e) => [product2(op, a!, b!, e)],
  linear: (op, { inputs: [x, weight, bias] }, e) => {
    const { value, factor } = unscaled(x!)
    const inputs = [rows(value, e), e.name(weight!), e.name(bias!)]
    const flags = {
      transB: int(op.transposeWeight ? 1 : 0),
      alpha: float(factor * op.alpha),
      beta: float(op.alpha),
    }
    const [flat] = e.emit('Gemm', inputs, { attributes: flags })
    const width = weight!.shape[op.transposeWeight ? 0 : 1]!
    return [unflattened(flat!, [...x!.shape.slice(0, -1), width], e)]
  },
  gather: plain('Gather'),
  scatterAdd: (op, { inputs: [ids, updates], outputs }, e) => {
    const count = product(...ids!.shape)
    const width = product(...updates!.shape.slice(ids!.shape.length))
    const [column] = e.emit('Reshape', [e.name(ids!), e.ints(-1, 1)])
    const [everyColumn] = e.emit('Expand', [column!, e.sizes([count, width])])
    const [flat] = e.emit('Reshape', [e.name(updates!), e.sizes([count, width])])
    const [summed] = e.emit('ScatterElements', [e.zeros([op.rows, width]), everyColumn!, flat!], {
      attributes: { axis: int(0), reduction: { kind: 'string', value: 'add' } },
    })
    return outputs[0]!.shape.length === 2 ? [summed!] : reshaped(summed!, outputs[0]!.shape, e)
  },
  reshape: (op, { inputs }, e) => reshaped(e.name(inputs[0]!), op.shape, e),
  broadcast: (op, { inputs }, e) => e.emit('Expand', [e.name(inputs[0]!), e.sizes(op.shape)]),
  transpose: (op, { inputs }, e) =>
    e.emit('Transpose', [e.name(inputs[0]!)], {
      attributes: { perm: { kind: 'ints', value: op.permutation } },
    }),
  slice: (op, { inputs: [x] }, e) => {
    const end = typeof op.end === 'number' ? e.ints(op.end) : e.sizes([op.end])
    return e.emit('Slice', [e.name(x!), e.ints(op.start), end, e.ints(op.axis)])
  },
  pad: (op, { inputs: [x] }, e) => {
    const length = x!.shape[op.axis]!
    const numbers = typeof length === 'number' && typeof op.to === 'number'
    const after = numbers
      ? e.ints(Number(op.to) - op.before - Number(length))
      : e.emit('Sub', [e.emit('Sub', [e.sizes([op.to]), e.ints(op.before)])[0]!, e.sizes([length])])[0]!
    const [pads] = e.emit('Concat', [e.ints(op.before), after], { attributes: { axis: int(0) } })
    return e.emit('Pad', [e.name(x!), pads!, '', e.ints(op.axis)])
  },
  concat: (op, { inputs }, e) =>
    e.emit(
      'Concat',
      inputs.map((part) => e.name(part)),
      { attributes: { axis: int(op.axis) } },
    ),
  softmax: (_, { inputs }, e) => e.emit('Softmax', [e.name(inputs[0]!)], { attributes: lastAxis }),
  logSoftmax: (_, { inputs }, e) => [e.name(expandLogSoftmax(inputs[0]!))],
  layerNormalization: (op, { inputs }, e) =>
    e.emit(
      'LayerNormalization',
      inputs.map((input) => e.name(input)),
      { attributes: { ...lastAxis, epsilon: float(op.epsilon) }, outputs: 3 },
    ),
  gelu: (op, node, e) => {
    const parts = expandedGelu(node)
    if (parts) return [e.name(parts.output)]
    const approximate = { kind: 'string', value: op.form === 'tanh' ? 'tanh' : 'none' } as const
    return e.emit('Gelu', [e.name(node.inputs[0]!)], { attributes: { approximate } })
  },
  attention: (op, node, e) => [e.name(expandAttention(node, op).output)],
}

const castNumbers = { float32: 1, int32: 6, bool: 9 } as const

const scalar = (e: Emitter, number: number): string => e.constant('float32', [], Float32Array.of(number))

/** Looks through products with constants, which a matrix product takes in as a factor of its own. */
function unscaled(value: Value): { readonly value: Value; readonly factor: number } {
  const { op, inputs } = value.node
  if (op.kind === 'scale') {
    const inner = unscaled(inputs[0]!)
    return { value: inner.value, factor: inner.factor * op.factor }
  }
  if (op.kind === 'reshape') {
    const inner = unscaled(inputs[0]!)
    return inner.factor === 1
      ? { value, factor: 1 }
      : { value: reshape(inner.value, op.shape), factor: inner.factor }
  }
  const parts = op.kind === 'gelu' ? expandedGelu(value.node) : undefined
  return parts ? unscaled(parts.output) : { value, factor: 1 }
}

/** A value as a matrix, leading axes joined. */
function rows(value: Value, e: Emitter): string {
  if (value.shape.length === 2) return e.name(value)
  return reshaped(e.name(value), [product(...value.shape.slice(0, -1)), value.shape.at(-1)!], e)[0]!
}

function unflattened(flat: string, shape: Shape, e: Emitter): string {
  return shape.length === 2 ? flat : reshaped(flat, shape, e)[0]!
}

/** With at most one named axis its size is inferred; with more they are read from an input of the run. */
function reshaped(name: string, shape: Shape, e: Emitter): readonly string[] {
  const named = shape.filter((dim) => typeof dim === 'string').length
  const target =
    named <= 1 ? e.ints(...shape.map((dim) => (typeof dim === 'string' ? -1 : dim))) : e.sizes(shape)
  return e.emit('Reshape', [name, target])
}

/** A matrix product: as Gemm where the second is one matrix, else over the batch axes. */
function product2(op: OpOf<'matmul'>, a: Value, b: Value, e: Emitter): string {
  const [left, right] = [unscaled(a), unscaled(b)]
  const alpha = op.alpha * left.factor * right.factor
  if (b.shape.length === 2 && (a.shape.length === 2 || !op.transposeA)) {
    const attributes = {
      alpha: float(alpha),
      transA: int(op.transposeA ? 1 : 0),
      transB: int(op.transposeB ? 1 : 0),
    }
    const inputs = [rows(left.value, e), e.name(right.value)]
    const [flat] = e.emit('Gemm', inputs, { attributes })
    return unflattened(flat!, [...a.shape.slice(0, -1), b.shape[op.transposeB ? 0 : 1]!], e)
  }
  return batchedProduct({ ...op, alpha }, e.name(left.value), e.name(right.value), a.shape.length, e)
}

function batchedProduct(op: OpOf<'matmul'>, a: string, b: string, rank: number, e: Emitter): string {
  if (e.target === 'cpu' && (op.transposeA || op.transposeB || op.alpha !== 1)) {
    const attributes = {
      transA: int(op.transposeA ? 1 : 0),
      transB: int(op.transposeB ? 1 : 0),
      alpha: float(op.alpha),
    }
    return e.emit('FusedMatMul', [a, b], { attributes, domain: microsoft })[0]!
  }
  const perm = { kind: 'ints', value: lastTwoSwapped(rank) } as const
  const turned = (name: string, turn: boolean): string =>
    turn ? e.emit('Transpose', [name], { attributes: { perm } })[0]! : name
  const [plainProduct] = e.emit('MatMul', [turned(a, op.transposeA), turned(b, op.transposeB)])
  return op.alpha === 1 ? plainProduct! : e.emit('Mul', [plainProduct!, scalar(e, op.alpha)])[0]!
}

function lastTwoSwapped(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i))
}

/** Names of the outputs of a node, by the rule of its operation. */
export function lowerNode<K extends OpName>(op: OpOf<K>, node: Node, e: Emitter): readonly string[] {
  const rule: LoweringRules[K] = loweringRules[op.kind as K]
  return rule(op, node, e)
}
