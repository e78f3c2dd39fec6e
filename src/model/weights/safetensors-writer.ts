/** Writes safetensors: float32 and codes of 8 bits, in an order of its own, so that equal tensors give equal bytes. */
import { open } from 'node:fs/promises'
import { assert, throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { elementCount, type StoredTensor, type TensorSource } from './tensor-source.ts'

/** Whole numbers of 8 bits, row-major. */
export interface CodeTensor {
  readonly shape: readonly number[]
  readonly data: Int8Array<ArrayBuffer>
}

/** A safetensors file of tensors in memory: float32 first, so that all are aligned, each kind sorted by name. */
export function safetensorsBytes(
  tensors: ReadonlyMap<string, StoredTensor | CodeTensor>,
): Uint8Array<ArrayBuffer> {
  const of = (type: WrittenType) => [...tensors.keys()].filter((name) => typeOf(tensors.get(name)!) === type)
  const names = [...of('F32').sort(), ...of('I8').sort()]
  const header = headerBytes(
    names.map((name) => ({ name, type: typeOf(tensors.get(name)!), shape: tensors.get(name)!.shape })),
  )
  const size = names.reduce((sum, name) => sum + tensors.get(name)!.data.byteLength, header.length)
  const out = new Uint8Array(size)
  out.set(header)
  let at = header.length
  for (const name of names) {
    const bytes = dataBytes(name, tensors.get(name)!)
    out.set(bytes, at)
    at += bytes.length
  }
  return out
}

/** Copies a source into a new safetensors file, tensor by tensor, and syncs it; the path must be free. */
export async function writeSafetensors(
  path: string,
  source: TensorSource,
  options: WorkOptions,
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(
      headerBytes(source.names.map((name) => ({ name, type: 'F32', shape: source.shapeOf(name) }))),
    )
    for (const [done, name] of source.names.entries()) {
      throwIfCancelled(options.signal, 'converting tensors')
      options.progress?.({ stage: 'converting tensors', done, total: source.names.length })
      await file.writeFile(dataBytes(name, await source.read(name)))
    }
    await file.sync()
    options.progress?.({ stage: 'converting tensors', done: source.names.length, total: source.names.length })
  } finally {
    await file.close()
  }
}

const writtenTypes = { F32: 4, I8: 1 } as const
type WrittenType = keyof typeof writtenTypes

function typeOf({ data }: StoredTensor | CodeTensor): WrittenType {
  return data instanceof Int8Array ? 'I8' : 'F32'
}

interface HeaderEntry {
  readonly name: string
  readonly type: WrittenType
  readonly shape: readonly number[]
}

/** Length and JSON, padded with spaces so that the data begin at a multiple of 8. */
function headerBytes(tensors: readonly HeaderEntry[]): Uint8Array {
  let at = 0
  const entries = tensors.map(({ name, type, shape }) => {
    assert(name !== '__metadata__', 'a tensor may not be called __metadata__')
    const begin = at
    at += elementCount(shape) * writtenTypes[type]
    return [name, { dtype: type, shape, data_offsets: [begin, at] }] as const
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const length = Math.ceil(json.length / 8) * 8
  const out = new Uint8Array(8 + length).fill(0x20)
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true)
  out.set(json, 8)
  return out
}

function dataBytes(name: string, { shape, data }: StoredTensor | CodeTensor): Uint8Array {
  assert(data.length === elementCount(shape), `${name}: ${data.length} elements for a shape of ${shape}`)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
