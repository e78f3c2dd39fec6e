/** The weights of an encoder that was published as an ONNX file, as if they lay in safetensors: same names, same orientation. */
import { appError } from '../../base/errors.ts'
import { type ElementType, elementBytes, type OnnxTensor } from '../../onnx/message.ts'
import type { ByteRange } from './byte-range.ts'
import { type ElementTypeName, toFloat32 } from './element-types.ts'
import { type NamedInitializer, namedInitializers } from './onnx-names.ts'
import type { WeightGraph } from './read-onnx.ts'
import {
  checkFinite,
  elementCount,
  missingTensor,
  type StoredTensor,
  type TensorSource,
} from './tensor-source.ts'

export interface OnnxPlace {
  /** What errors call the file. */
  readonly file: string
  /** Opens a file of external data, by the location that the model says; absent: there is none. */
  readonly external?: (location: string) => Promise<ByteRange>
}

/** Element types by ONNX's names; absent ones are refused. */
const types: { readonly [Type in ElementType]: ElementTypeName | undefined } = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int8: 'I8',
  uint8: 'U8',
  bool: undefined,
  float64: undefined,
}

/** Reads a graph's initializers; int8 ones of ONNX Runtime's quantizer are turned back into numbers. Throws `weights.tensor`. */
export function onnxTensors(graph: WeightGraph, place: OnnxPlace): TensorSource {
  const initializers = new Map<string, OnnxTensor>()
  for (const tensor of graph.initializers) {
    if (initializers.has(tensor.name)) throw lie(place, tensor.name, 'is there twice')
    initializers.set(tensor.name, tensor)
  }
  const named = new Map<string, NamedInitializer>()
  for (const entry of namedInitializers(graph)) {
    const other = named.get(entry.name)
    if (other)
      throw lie(
        place,
        entry.name,
        `is both ${other.initializer} and ${entry.initializer}; which is right cannot be told`,
      )
    named.set(entry.name, entry)
  }
  const names = [...named.keys()].sort()
  const entryOf = (name: string): NamedInitializer => {
    const entry = named.get(name)
    if (!entry) throw missingTensor(place.file, name, names)
    return entry
  }
  return {
    names,
    shapeOf: (name) => {
      const entry = entryOf(name)
      const { dims } = initializers.get(entry.initializer)!
      return entry.isTransposed ? dims.toReversed() : dims
    },
    read: (name) => readWeight(entryOf(name), initializers, place),
    close: async () => {},
  }
}

async function readWeight(
  { name, initializer, isTransposed }: NamedInitializer,
  initializers: ReadonlyMap<string, OnnxTensor>,
  place: OnnxPlace,
): Promise<StoredTensor> {
  const tensor = await elements(initializers.get(initializer)!, place)
  const base = initializer.endsWith('_quantized') ? initializer.slice(0, -'_quantized'.length) : undefined
  const scale = base === undefined ? undefined : initializers.get(`${base}_scale`)
  const zeroPoint = base === undefined ? undefined : initializers.get(`${base}_zero_point`)
  const whole =
    scale === undefined
      ? tensor
      : dequantized(tensor, {
          scale: await elements(scale, place),
          zeroPoint: zeroPoint && (await elements(zeroPoint, place)),
          fail: (problem) => lie(place, name, problem),
        })
  checkFinite(whole.data, { file: place.file, tensor: name })
  return isTransposed ? transposed(whole, (problem) => lie(place, name, problem)) : whole
}

async function elements(tensor: OnnxTensor, place: OnnxPlace): Promise<StoredTensor> {
  const type = types[tensor.type]
  if (type === undefined) throw lie(place, tensor.name, `is of type ${tensor.type}, which holds no weights`)
  const bytes = tensor.external ? await externalBytes(tensor, place) : Uint8Array.from(tensor.data)
  const needed = elementCount(tensor.dims) * elementBytes[tensor.type]
  if (bytes.length !== needed)
    throw lie(
      place,
      tensor.name,
      `has ${bytes.length} bytes, but ${tensor.type} [${tensor.dims}] takes ${needed}`,
    )
  return { shape: tensor.dims, data: toFloat32(bytes, type, { file: place.file, tensor: tensor.name }) }
}

async function externalBytes(tensor: OnnxTensor, place: OnnxPlace): Promise<Uint8Array<ArrayBuffer>> {
  const { location = '', offset = '0', length } = tensor.external!
  if (location === '' || /[/\\]|^\.\.?$/.test(location) || !place.external)
    throw lie(place, tensor.name, `lies in the file "${location}", expected one beside the model`)
  const needed = elementCount(tensor.dims) * elementBytes[tensor.type]
  const [begin, size] = [Number(offset), Number(length ?? needed)]
  const file = await place.external(location)
  try {
    const isInside =
      [begin, size].every((n) => Number.isSafeInteger(n) && n >= 0) && begin + size <= file.sizeBytes
    if (!isInside)
      throw lie(
        place,
        tensor.name,
        `lies at ${offset} of ${location}, outside of its ${file.sizeBytes} bytes`,
      )
    if (size !== needed) throw lie(place, tensor.name, `has ${size} bytes in ${location}, expected ${needed}`)
    return await file.read(begin, size)
  } finally {
    await file.close()
  }
}

/** (q - zeroPoint) * scale, with one scale for all, or one for each column (the last axis). */
function dequantized(
  tensor: StoredTensor,
  how: {
    readonly scale: StoredTensor
    readonly zeroPoint: StoredTensor | undefined
    readonly fail: (problem: string) => Error
  },
): StoredTensor {
  const { scale, zeroPoint, fail } = how
  const columns = tensor.shape.at(-1) ?? 1
  const [scales, zeros] = [scale.data, zeroPoint?.data ?? new Float32Array(scale.data.length)]
  if (zeros.length !== scales.length || (scales.length !== 1 && scales.length !== columns))
    throw fail(`has ${scales.length} scales and ${zeros.length} zero points for ${columns} columns`)
  const each = scales.length === 1 ? 0 : 1
  const data = tensor.data.map((value, at) => {
    const column = (at % columns) * each
    return (value - zeros[column]!) * scales[column]!
  })
  return { shape: tensor.shape, data }
}

function transposed({ shape, data }: StoredTensor, fail: (problem: string) => Error): StoredTensor {
  const [rows, columns] = shape
  if (shape.length !== 2 || rows === undefined || columns === undefined)
    throw fail(`is multiplied by as a matrix, but has ${shape.length} axes`)
  const out = new Float32Array(data.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = data[row * columns + column]!
  return { shape: [columns, rows], data: out }
}

function lie({ file }: OnnxPlace, tensor: string, problem: string): Error {
  return appError('weights.tensor', { file, tensor, problem })
}
