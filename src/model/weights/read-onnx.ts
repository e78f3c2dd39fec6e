/** Reads what an ONNX file says about weights: the nodes and initializers of its graph (onnx.proto). Nothing else is looked at. */
import { appError } from '../../base/errors.ts'
import {
  type ElementType,
  elementTypes,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../../onnx/message.ts'
import { type Field, fieldsOf, packedInts } from '../../onnx/protobuf.ts'

/** The part of a graph that weights are read from. */
export type WeightGraph = Pick<OnnxGraph, 'nodes' | 'initializers'>

/** Numbers of the fields that are read. */
const fields = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5, sparseInitializer: 15 },
  node: { input: 1, output: 2, type: 4, attribute: 5 },
  attribute: { name: 1, int: 3 },
  tensor: { dims: 1, type: 2, floats: 4, ints: 5, longs: 7, name: 8, raw: 9, external: 13, location: 14 },
  entry: { key: 1, value: 2 },
} as const

/** Reads a file's bytes, which stay in use; throws `weights.file`, or `weights.tensor` for an initializer that is no tensor of weights. */
export function readOnnxWeights(bytes: Uint8Array, file: string): WeightGraph {
  try {
    const graphs = partsOf(bytes, fields.model.graph)
    if (graphs.length !== 1) throw new RangeError(`it has ${graphs.length} graphs`)
    const graph = graphs[0]!
    if (partsOf(graph, fields.graph.sparseInitializer).length > 0)
      throw new RangeError('it has sparse tensors, which are not read')
    return {
      nodes: partsOf(graph, fields.graph.node).map(readNode),
      initializers: partsOf(graph, fields.graph.initializer).map((tensor) => readTensor(tensor, file)),
    }
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause
    const problem = `it is no ONNX model that can be read: ${cause.message}`
    throw appError('weights.file', { file, problem }, cause)
  }
}

function partsOf(message: Uint8Array, number: number): readonly Uint8Array[] {
  return [...fieldsOf(message)].filter((field) => field.number === number).map(({ bytes }) => bytes)
}

function readNode(message: Uint8Array): OnnxNode {
  const { input, output, type, attribute } = fields.node
  const attributes = partsOf(message, attribute).flatMap(readIntAttribute)
  return {
    type: partsOf(message, type).map(textOf).at(-1) ?? '',
    inputs: partsOf(message, input).map(textOf),
    outputs: partsOf(message, output).map(textOf),
    attributes: Object.fromEntries(attributes),
  }
}

/** Only whole numbers say anything about how a weight lies. */
function readIntAttribute(message: Uint8Array): readonly (readonly [string, OnnxAttribute])[] {
  const all = [...fieldsOf(message)]
  const name = all.find((field) => field.number === fields.attribute.name)
  const value = all.find((field) => field.number === fields.attribute.int)
  return name && value ? [[textOf(name.bytes), { kind: 'int', value: value.int }]] : []
}

function readTensor(message: Uint8Array, file: string): OnnxTensor {
  const all = [...fieldsOf(message)]
  const of = (number: number): readonly Field[] => all.filter((field) => field.number === number)
  const name = textOf(of(fields.tensor.name)[0]?.bytes ?? new Uint8Array(0))
  const lie = (problem: string): Error => appError('weights.tensor', { file, tensor: name, problem })
  const typeNumber = of(fields.tensor.type)[0]?.int ?? 0
  const type = typeOf(typeNumber)
  if (type === undefined) throw lie(`is of ONNX's type ${typeNumber}, which holds no weights`)
  const dims = intsOf(of(fields.tensor.dims))
  if (dims.some((size) => !Number.isSafeInteger(size) || size < 0)) throw lie(`has the shape [${dims}]`)
  const external = Object.fromEntries(of(fields.tensor.external).map(({ bytes }) => readEntry(bytes)))
  const isOutside = of(fields.tensor.location)[0]?.int === 1
  const data = isOutside ? new Uint8Array(0) : dataOf(type, of)
  if (data === undefined) throw lie(`has its ${type} numbers where none of them are expected`)
  return { name, type, dims, data, ...(isOutside && { external }) }
}

function readEntry(message: Uint8Array): readonly [string, string] {
  const { key, value } = fields.entry
  return [partsOf(message, key).map(textOf)[0] ?? '', partsOf(message, value).map(textOf)[0] ?? '']
}

/** Raw bytes, or the numbers that older exporters write one by one, as raw bytes. */
function dataOf(type: ElementType, of: (number: number) => readonly Field[]): Uint8Array | undefined {
  const raw = of(fields.tensor.raw)
  if (raw.length > 0) return raw[0]!.bytes
  const floats = of(fields.tensor.floats)
  const [ints, longs] = [intsOf(of(fields.tensor.ints)), intsOf(of(fields.tensor.longs))]
  if (type === 'float32') return Buffer.concat(floats.map(({ bytes }) => bytes))
  if (type === 'int64') return bytesOf(BigInt64Array.from(longs, BigInt))
  if (type === 'int32') return bytesOf(Int32Array.from(ints))
  if (type === 'int8') return bytesOf(Int8Array.from(ints))
  if (type === 'uint8') return bytesOf(Uint8Array.from(ints))
  if (type === 'float16' || type === 'bfloat16') return bytesOf(Uint16Array.from(ints))
  return undefined
}

function bytesOf(array: BigInt64Array | Int32Array | Int8Array | Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Whole numbers of a field that is repeated, be they packed or one a field. */
function intsOf(repeated: readonly Field[]): readonly number[] {
  return repeated.flatMap(({ wire, int, bytes }) => (wire === 2 ? packedInts(bytes) : [int]))
}

function typeOf(number: number): ElementType | undefined {
  const entry = Object.entries(elementTypes).find(([, itsNumber]) => itsNumber === number)
  return entry && isElementTypeName(entry[0]) ? entry[0] : undefined
}

function isElementTypeName(name: string): name is ElementType {
  return Object.hasOwn(elementTypes, name)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes)
}
