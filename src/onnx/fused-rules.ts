/**
 * Lowering for prediction on a processor: several operations of a graph as one of ONNX Runtime's own (contrib
 * operations, domain com.microsoft), and weights turned and packed when the model is loaded. The graph stays the same.
 */
import { assert } from '../base/errors.ts'
import type { Node, OpOf, Value } from '../graph/value.ts'
import type { Emitter } from './emitter.ts'
import type { OnnxAttribute } from './message.ts'
import { blockSize, quantiseBlocks } from './quantise-blocks.ts'

/** How the weights of linear layers are kept: as they are, or in 8 bits with a scale for each block of inputs. */
export type WeightPrecision = 'float32' | 'int8'

const int = (value: number): OnnxAttribute => ({ kind: 'int', value })
const float = (value: number): OnnxAttribute => ({ kind: 'float', value })
const domain = 'com.microsoft'

/** Names for the outputs of a node that something fused stands for; `undefined` where it is lowered as usual. */
export type FusedLowering = (node: Node, emitter: Emitter) => readonly string[] | undefined

/** Fused lowering of a graph whose parameters have these values. */
export function fusedLowering(
  tensors: ReadonlyMap<string, Float32Array>,
  precision: WeightPrecision,
): FusedLowering {
  const products = new Map<Node, string>()
  const productOf = (node: Node, emitter: Emitter): string => {
    const made = products.get(node) ?? weightProduct(node, emitter, tensors, precision)
    products.set(node, made)
    return made
  }
  const known = (node: Node): boolean => weightOf(node, tensors) !== undefined
  return (node, e) => {
    const { op } = node
    if (op.kind === 'linear') {
      return known(node) ? e.emit('Add', [productOf(node, e), e.name(node.inputs[2]!)]) : undefined
    }
    if (op.kind === 'gelu') {
      const linear = node.inputs[0]!.node
      if (op.form !== 'erf' || !known(linear)) return undefined
      return e.emit('BiasGelu', [productOf(linear, e), e.name(linear.inputs[2]!)], { domain })
    }
    if (op.kind === 'layerNormalization') {
      return skipNormalization(op, node, e, (linear) => (known(linear) ? productOf(linear, e) : undefined))
    }
    return op.kind === 'attention' ? fusedAttention(op, node, e) : undefined
  }
}

/** Normalization of a sum, with the bias of the linear layer that one of the two came from. */
function skipNormalization(
  op: OpOf<'layerNormalization'>,
  { inputs: [x, gain, bias] }: Node,
  e: Emitter,
  productOf: (linear: Node) => string | undefined,
): readonly string[] | undefined {
  const sum = x!.node
  if (sum.op.kind !== 'add' || x!.shape.length !== 3) return undefined
  const [a, b] = sum.inputs
  if (`${a!.shape}` !== `${b!.shape}`) return undefined
  const attributes = { epsilon: float(op.epsilon) }
  const around = [e.name(gain!), e.name(bias!)]
  const product = productOf(a!.node)
  const parts =
    product === undefined
      ? [e.name(a!), e.name(b!), ...around]
      : [product, e.name(b!), ...around, e.name(a!.node.inputs[2]!)]
  return e.emit('SkipLayerNormalization', parts, { domain, attributes })
}

function fusedAttention(op: OpOf<'attention'>, { inputs }: Node, e: Emitter): readonly string[] | undefined {
  const [queries, keys, values, bias, dropout] = inputs
  if (dropout || bias!.shape.length !== 4) return undefined
  const times = [queries!.shape[1]!, keys!.shape[1]!]
  // The operation broadcasts what is added over texts and heads, not over queries.
  const [added] = e.emit('Expand', [e.name(bias!), e.sizes([bias!.shape[0]!, bias!.shape[1]!, ...times])])
  const attributes = { num_heads: int(op.heads), scale: float(op.scale) }
  const parts = [e.name(queries!), e.name(keys!), e.name(values!), '', '', added!]
  return e.emit('MultiHeadAttention', parts, { domain, attributes })
}

/** A weight [out, in] whose numbers are known, from a parameter or several joined. */
function weightOf({ op, inputs }: Node, tensors: ReadonlyMap<string, Float32Array>): Weight | undefined {
  if (op.kind !== 'linear' || !op.transposeWeight || op.alpha !== 1) return undefined
  const parts = partsOf(inputs[1]!)?.map((name) => tensors.get(name))
  const width = Number(inputs[1]!.shape[1])
  if (!parts || parts.some((part) => part === undefined)) return undefined
  return { parts: parts.map((part) => part!), width }
}

interface Weight {
  /** One after another along the outputs. */
  readonly parts: readonly Float32Array[]
  /** Number of inputs. */
  readonly width: number
}

function partsOf({ node }: Value): readonly string[] | undefined {
  if (node.op.kind === 'parameter') return [node.op.name]
  if (node.op.kind !== 'concat' || node.op.axis !== 0) return undefined
  const parts = node.inputs.map(partsOf)
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? [])
}

/** x W without the bias. */
function weightProduct(
  node: Node,
  e: Emitter,
  tensors: ReadonlyMap<string, Float32Array>,
  precision: WeightPrecision,
): string {
  const weight = weightOf(node, tensors)
  assert(weight, 'a linear layer is fused whose weight is not known')
  const x = e.name(node.inputs[0]!)
  const outputs = weight.parts.reduce((sum, part) => sum + part.length / weight.width, 0)
  if (precision === 'int8' && weight.width % blockSize === 0) {
    const { codes, scales } = quantiseBlocks(weight.parts, weight.width)
    const blocks = weight.width / blockSize
    const packed = e.constant('uint8', [outputs, blocks, blockSize], codes)
    const attributes = {
      ...{ K: int(weight.width), N: int(outputs), bits: int(8), block_size: int(blockSize) },
      accuracy_level: int(4), // multiplied in 8 bits, each row of x scaled by itself
    }
    const parts = [x, packed, e.constant('float32', [outputs, blocks], scales)]
    return e.emit('MatMulNBits', parts, { domain, attributes })[0]!
  }
  const turned = e.constant('float32', [weight.width, outputs], transposed(weight, outputs))
  return e.emit('MatMul', [x, turned])[0]!
}

/** [in, out] of a weight [out, in]. */
function transposed({ parts, width }: Weight, outputs: number): Float32Array {
  const out = new Float32Array(outputs * width)
  let output = 0
  for (const part of parts) {
    for (let at = 0; at < part.length; at += width, output++) {
      for (let input = 0; input < width; input++) out[input * outputs + output] = part[at + input]!
    }
  }
  return out
}
