/** The header of a safetensors file, with every promise in it checked (github.com/huggingface/safetensors, "Format"). */
import { appError } from '../../base/errors.ts'
import { isJsonObject, type Json, tryParseJson } from '../../base/json.ts'
import type { ByteRange } from './byte-range.ts'
import { type ElementTypeName, elementTypes, isElementType } from './element-types.ts'
import { repeatedMember } from './repeated-member.ts'
import { elementCount, shapeText } from './tensor-source.ts'

/** Where a tensor lies. */
export interface TensorEntry {
  readonly name: string
  readonly type: ElementTypeName
  readonly shape: readonly number[]
  /** From the start of the file. */
  readonly begin: number
  readonly end: number
}

/** As the reference implementation has it. */
const longestHeader = 100_000_000
const lengthBytes = 8

/** Reads and checks the header; throws `weights.file`, or `weights.tensor` with the name of the tensor that lies. */
export async function readHeader(file: ByteRange): Promise<ReadonlyMap<string, TensorEntry>> {
  const text = await headerText(file)
  const header = tryParseJson(text.json)
  if (!isJsonObject(header)) throw fileError(file, 'its header is no JSON object')
  const repeated = repeatedMember(text.json)
  if (repeated !== undefined)
    throw appError('weights.tensor', { file: file.name, tensor: repeated, problem: 'is named twice' })
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => parseEntry(file, { name, value, dataBegin: text.end }))
  checkLayout(file, entries, text.end)
  return new Map(entries.map((entry) => [entry.name, entry]))
}

async function headerText(file: ByteRange): Promise<{ readonly json: string; readonly end: number }> {
  if (file.sizeBytes < lengthBytes)
    throw fileError(file, `it has ${file.sizeBytes} bytes, fewer than its header's length takes`)
  const prefix = await file.read(0, lengthBytes)
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true))
  if (length > longestHeader)
    throw fileError(file, `its header says to be ${length} bytes long, more than ${longestHeader}`)
  const end = lengthBytes + length
  if (end > file.sizeBytes)
    throw fileError(file, `its header says to be ${length} bytes long, in a file of ${file.sizeBytes}`)
  const bytes = await file.read(lengthBytes, length)
  try {
    return { json: new TextDecoder('utf-8', { fatal: true }).decode(bytes), end }
  } catch (cause) {
    throw fileError(file, 'its header is no UTF-8', cause)
  }
}

function parseEntry(
  file: ByteRange,
  { name, value, dataBegin }: { readonly name: string; readonly value: Json; readonly dataBegin: number },
): TensorEntry {
  const lie = (problem: string): Error =>
    appError('weights.tensor', { file: file.name, tensor: name, problem })
  if (!isJsonObject(value)) throw lie('is described by no JSON object')
  const { dtype: type, shape, data_offsets: offsets } = value
  if (!isElementType(type))
    throw lie(`is of type ${JSON.stringify(type)}; read are ${Object.keys(elementTypes).join(', ')}`)
  if (!isSizes(shape)) throw lie(`has the shape ${JSON.stringify(shape)}, expected a list of sizes`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw lie(`has the offsets ${JSON.stringify(offsets)}, expected [begin, end]`)
  const [begin, end] = [dataBegin + offsets[0]!, dataBegin + offsets[1]!]
  const dataBytes = file.sizeBytes - dataBegin
  if (begin > end || end > file.sizeBytes)
    throw lie(
      `lies at ${shapeText(offsets)}, outside of the ${dataBytes} bytes of data in the file (is it cut short?)`,
    )
  const needed = elementCount(shape) * elementTypes[type].sizeBytes
  if (needed !== end - begin)
    throw lie(`has ${end - begin} bytes, but ${type} ${shapeText(shape)} takes ${needed}`)
  return { name, type, shape, begin, end }
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

/** Tensors follow one another without gap or overlap up to the end of the file. */
function checkLayout(file: ByteRange, entries: readonly TensorEntry[], dataBegin: number): void {
  let [at, before] = [dataBegin, '']
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < at)
      throw appError('weights.tensor', { file: file.name, tensor: name, problem: `overlaps "${before}"` })
    if (begin > at)
      throw appError('weights.tensor', {
        file: file.name,
        tensor: name,
        problem: `begins ${begin - at} bytes after the end of ${before === '' ? 'the header' : `"${before}"`}; nothing may lie between`,
      })
    ;[at, before] = [end, name]
  }
  if (at !== file.sizeBytes)
    throw fileError(file, `${file.sizeBytes - at} bytes at its end belong to no tensor`)
}

function fileError(file: ByteRange, problem: string, cause?: unknown): Error {
  return appError('weights.file', { file: file.name, problem }, cause)
}
