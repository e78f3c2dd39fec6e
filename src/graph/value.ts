/**
 * The graph: immutable nodes, each an operation on values that other nodes made, and the values themselves.
 * Nothing is computed here; a graph is evaluated by lowering it (onnx/) and running it (runtime/).
 */
import type { Shape } from './dim.ts'
import { outputsOf } from './shape.ts'

/** Types of tensor elements. Ids are int32 and masks float32, which run the same on WebGPU. */
export type DType = 'float32' | 'int32' | 'bool'

/** Elementwise functions of one value. */
export type UnaryName =
  | 'negate'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'reciprocal'
  | 'erf'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'stopGradient'

/** Elementwise functions of two values, broadcast. */
export type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'maximum'

/** Elementwise comparisons of two values, broadcast; true or false. */
export type ComparisonName = 'greater' | 'equal'

/** Reductions over axes, which stay with size 1 where `keep`. */
export type ReductionName = 'reduceSum' | 'reduceMean' | 'reduceMax'

/** Which curve `gelu` follows (Hendrycks & Gimpel, 2016): the exact one, or its tanh approximation. */
export type GeluForm = 'erf' | 'tanh'

type Simple = { [K in UnaryName | BinaryName | ComparisonName]: { readonly kind: K } }[
  | UnaryName
  | BinaryName
  | ComparisonName]
type Reduction = {
  [K in ReductionName]: { readonly kind: K; readonly axes: readonly number[]; readonly keep: boolean }
}[ReductionName]

/** What a node does; inputs are the node's. */
export type Op =
  | Simple
  | Reduction
  | { readonly kind: 'input'; readonly name: string; readonly shape: Shape; readonly dtype: DType }
  | { readonly kind: 'parameter'; readonly name: string; readonly shape: Shape }
  | { readonly kind: 'constant'; readonly data: Float32Array | Int32Array; readonly shape: Shape }
  | { readonly kind: 'scale'; readonly factor: number }
  | { readonly kind: 'where' }
  | { readonly kind: 'cast'; readonly to: DType }
  | {
      readonly kind: 'matmul'
      readonly transposeA: boolean
      readonly transposeB: boolean
      readonly alpha: number
    }
  | { readonly kind: 'linear'; readonly transposeWeight: boolean; readonly alpha: number }
  | { readonly kind: 'gather' }
  | { readonly kind: 'scatterAdd'; readonly rows: Shape[number] }
  | { readonly kind: 'reshape'; readonly shape: Shape }
  | { readonly kind: 'broadcast'; readonly shape: Shape }
  | { readonly kind: 'transpose'; readonly permutation: readonly number[] }
  | { readonly kind: 'slice'; readonly axis: number; readonly start: number; readonly end: Shape[number] }
  | { readonly kind: 'pad'; readonly axis: number; readonly before: number; readonly to: Shape[number] }
  | { readonly kind: 'concat'; readonly axis: number }
  | { readonly kind: 'softmax' }
  | { readonly kind: 'logSoftmax' }
  | { readonly kind: 'layerNormalization'; readonly epsilon: number }
  | { readonly kind: 'gelu'; readonly form: GeluForm }
  | { readonly kind: 'attention'; readonly heads: number; readonly scale: number }

/** Name of an operation. */
export type OpName = Op['kind']

/** The operation of one kind, with its attributes. */
export type OpOf<K extends OpName> = Extract<Op, { readonly kind: K }>

/** Shape and type of one output of a node. */
export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/** One operation on values; compared by identity. */
export interface Node {
  readonly op: Op
  readonly inputs: readonly Value[]
  readonly outputs: readonly TensorType[]
}

/** One output of a node. */
export interface Value extends TensorType {
  readonly node: Node
  readonly output: number
}

/** All outputs of a new node; a shape that does not fit is an error here, where the node is built. */
export function node(op: Op, inputs: readonly Value[]): readonly Value[] {
  const made: Node = Object.freeze({ op, inputs, outputs: outputsOf(op, inputs) })
  return made.outputs.map((type, output) => Object.freeze({ node: made, output, ...type }))
}

/** The first output of a new node. */
export function value(op: Op, ...inputs: readonly Value[]): Value {
  return node(op, inputs)[0]!
}
