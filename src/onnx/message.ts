/** The ONNX messages that Shoal writes and reads, as plain values: the part of onnx.proto that models need. */

/** Element types by their names in ONNX, and their numbers in a file. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const

/** Name of an element type. */
export type ElementType = keyof typeof elementTypes

/** A tensor in a file; `data` is little-endian, as it lies there, or in another file named by `external`. */
export interface OnnxTensor {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly data: Uint8Array
  /** Where the data lie when not in this file: `location`, `offset`, `length`. */
  readonly external?: { readonly [key: string]: string }
}

/** A value of an attribute of a node. */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: OnnxTensor }
  | { readonly kind: 'graph'; readonly value: OnnxGraph }

/** One operation; an absent optional input or output is the empty name. */
export interface OnnxNode {
  readonly type: string
  /** Empty for the operations of ONNX itself. */
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: { readonly [name: string]: OnnxAttribute }
}

/** Name and type of an input or output; an axis is a size or a name. */
export interface OnnxValueInfo {
  readonly name: string
  readonly type: ElementType
  /** Absent: of any shape. */
  readonly shape?: readonly (number | string)[]
}

/** A graph: a model's, or the body of a loop. */
export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValueInfo[]
  readonly outputs: readonly OnnxValueInfo[]
}

/** A whole model and the operation sets that it uses, by domain. */
export interface OnnxModel {
  readonly graph: OnnxGraph
  readonly opsets: { readonly [domain: string]: number }
}

/** Bytes of an element. */
export const elementBytes: { readonly [K in ElementType]: number } = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  bfloat16: 2,
}
