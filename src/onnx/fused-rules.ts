/**
 * Lowering for prediction on a processor: attention and products in 8 bits as ONNX Runtime's own operations (domain
 * com.microsoft), and weights turned and packed when the model is loaded. Sums are not joined with the normalization
 * after them: SkipLayerNormalization takes four times as long as both.
 */
import type { Node, OpOf } from '../graph/value.ts'
import type { Emitter } from './emitter.ts'
import { factorsOf, type InputRange, type InputRanges, scaleOf, weightNames } from './input-ranges.ts'
import type { OnnxAttribute } from './message.ts'
import { quantiseOutputs } from './quantise-weights.ts'

/** How linear layers multiply: in single precision, or those that have a range in 8 bits. */
export type WeightPrecision = 'float32' | { readonly kind: 'int8'; readonly ranges: InputRanges }

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
  return (node, e) => {
    const { op } = node
    if (op.kind === 'linear') {
      const weight = weightOf(node, tensors)
      return weight && linearOf(node, weight, precision, e)
    }
    return op.kind === 'attention' ? fusedAttention(op, node, e) : undefined
  }
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
  const names = weightNames(inputs[1]!)
  const parts = names?.map((name) => tensors.get(name))
  const width = Number(inputs[1]!.shape[1])
  if (!parts || parts.some((part) => part === undefined)) return undefined
  return { name: names![0]!, parts: parts.map((part) => part!), width }
}

interface Weight {
  /** The first part's. */
  readonly name: string
  /** One after another along the outputs. */
  readonly parts: readonly Float32Array[]
  /** Number of inputs. */
  readonly width: number
}

function linearOf(node: Node, weight: Weight, precision: WeightPrecision, e: Emitter): readonly string[] {
  const [x, , bias] = node.inputs
  const range = precision === 'float32' ? undefined : precision.ranges[weight.name]
  if (range) return roundedLinear(e.name(x!), e.name(bias!), { weight, range }, e)
  const outputs = outputsOf(weight)
  const turned = e.constant('float32', [weight.width, outputs], transposed(weight, outputs))
  const [product] = e.emit('MatMul', [e.name(x!), turned])
  return e.emit('Add', [product!, e.name(bias!)])
}

function outputsOf({ parts, width }: Weight): number {
  return parts.reduce((sum, part) => sum + part.length, 0) / width
}

/** x W + bias in 8 bits: x rounded by its range, W by a scale for each output. */
function roundedLinear(
  x: string,
  bias: string,
  { weight, range }: { readonly weight: Weight; readonly range: InputRange },
  e: Emitter,
): readonly string[] {
  const { width, parts } = weight
  const factors = factorsOf(range, width)
  const shrink = (): string =>
    e.emit('Mul', [
      x,
      e.constant(
        'float32',
        [width],
        factors.map((factor) => 1 / factor),
      ),
    ])[0]!
  const { scale, zero } = scaleOf(range)
  const [step, offset] = [
    e.constant('float32', [], Float32Array.of(scale)),
    e.constant('uint8', [], Uint8Array.of(zero)),
  ]
  const [rounded] = e.emit('QuantizeLinear', [range.shrunk.length === 0 ? x : shrink(), step, offset])
  const { codes, scales } = quantiseOutputs(parts, factors)
  const outputs = outputsOf(weight)
  const packed = e.constant('int8', [width, outputs], codes)
  const inputs = [rounded!, packed, step, e.constant('float32', [outputs], scales), offset, '', bias]
  return e.emit('MatMulIntegerToFloat', inputs, { domain })
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
