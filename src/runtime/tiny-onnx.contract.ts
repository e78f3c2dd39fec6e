/** Models of a few nodes for tests, written as ONNX messages by hand (onnx.proto, IR version 8, opset 17). */

/** ONNX's numbers of tensor types. */
const onnxTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const

export interface TinyValue {
  readonly name: string
  readonly type: keyof typeof onnxTypes
  readonly shape: readonly (number | string)[]
}

export interface TinyNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: readonly Uint8Array[]
}

export interface TinyGraph {
  readonly nodes: readonly TinyNode[]
  readonly inputs: readonly TinyValue[]
  readonly outputs: readonly TinyValue[]
  readonly initializers?: readonly Uint8Array[]
}

/** Bytes of a model. */
export function tinyModel(graph: TinyGraph): Uint8Array {
  const opset = join([field(1, text('')), integer(2, 17)])
  return new Uint8Array(join([integer(1, 8), field(7, graphBytes(graph)), field(8, opset)]))
}

/** An initializer of single-precision numbers, inside the model or (without data) in a file beside it. */
export function tinyTensor(
  name: string,
  shape: readonly number[],
  content: { readonly data: Float32Array } | { readonly file: string; readonly sizeBytes: number },
): Uint8Array {
  const head = [...shape.map((dim) => integer(1, dim)), integer(2, onnxTypes.float32), field(8, text(name))]
  if ('data' in content) return join([...head, field(9, bytesOf(content.data))])
  const entry = (key: string, value: string): Buffer =>
    field(13, join([field(1, text(key)), field(2, text(value))]))
  const length = entry('length', String(content.sizeBytes))
  return join([...head, entry('location', content.file), length, integer(14, 1)])
}

/** An initializer of 64-bit whole numbers. */
export function tinyIntegers(name: string, values: readonly number[]): Uint8Array {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
  return join([integer(1, values.length), integer(2, onnxTypes.int64), field(8, text(name)), field(9, data)])
}

/** A graph as an attribute: the body of a Loop. */
export function bodyAttribute(graph: TinyGraph): Uint8Array {
  return join([field(1, text('body')), field(6, graphBytes(graph)), integer(20, 5)])
}

/** A model that doubles `x` (any length) and adds the initializer `w` to it, broadcast. */
export function doubling(w: Uint8Array): Uint8Array {
  return tinyModel({
    nodes: [
      { op: 'Add', inputs: ['x', 'x'], outputs: ['two'] },
      { op: 'Add', inputs: ['two', 'w'], outputs: ['y'] },
    ],
    inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['n'] }],
    initializers: [w],
  })
}

function graphBytes({ nodes, inputs, outputs, initializers = [] }: TinyGraph): Buffer {
  return join([
    ...nodes.map((node) => field(1, nodeBytes(node))),
    field(2, text('tiny')),
    ...initializers.map((tensor) => field(5, tensor)),
    ...inputs.map((value) => field(11, valueBytes(value))),
    ...outputs.map((value) => field(12, valueBytes(value))),
  ])
}

function nodeBytes({ op, inputs, outputs, attributes = [] }: TinyNode): Buffer {
  return join([
    ...inputs.map((name) => field(1, text(name))),
    ...outputs.map((name) => field(2, text(name))),
    field(4, text(op)),
    ...attributes.map((attribute) => field(5, attribute)),
  ])
}

function valueBytes({ name, type, shape }: TinyValue): Buffer {
  const dims = shape.map((dim) => field(1, typeof dim === 'number' ? integer(1, dim) : field(2, text(dim))))
  const tensor = join([integer(1, onnxTypes[type]), field(2, join(dims))])
  return join([field(1, text(name)), field(2, field(1, tensor))])
}

function bytesOf(data: Float32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

function text(value: string): Buffer {
  return Buffer.from(value)
}

function join(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts)
}

/** A field with a length (wire type 2). */
function field(number: number, content: Uint8Array): Buffer {
  return join([varint((number << 3) | 2), varint(content.length), content])
}

function integer(number: number, value: number): Buffer {
  return join([varint(number << 3), varint(value)])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}
