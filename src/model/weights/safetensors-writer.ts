/** Writes safetensors: float32, tensors sorted by name, so that equal tensors give equal bytes. */
import { open } from 'node:fs/promises'
import { assert, throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { elementCount, type StoredTensor, type TensorSource } from './tensor-source.ts'

/** A safetensors file of tensors in memory. */
export function safetensorsBytes(tensors: ReadonlyMap<string, StoredTensor>): Uint8Array<ArrayBuffer> {
  const names = [...tensors.keys()].sort()
  const header = headerBytes(names.map((name) => [name, tensors.get(name)!.shape]))
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
    await file.writeFile(headerBytes(source.names.map((name) => [name, source.shapeOf(name)])))
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

type NamedShape = readonly [name: string, shape: readonly number[]]

/** Length and JSON, padded with spaces so that the data begin at a multiple of 8. */
function headerBytes(tensors: readonly NamedShape[]): Uint8Array {
  let at = 0
  const entries = tensors.map(([name, shape]) => {
    assert(name !== '__metadata__', 'a tensor may not be called __metadata__')
    const begin = at
    at += elementCount(shape) * Float32Array.BYTES_PER_ELEMENT
    return [name, { dtype: 'F32', shape, data_offsets: [begin, at] }] as const
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const length = Math.ceil(json.length / 8) * 8
  const out = new Uint8Array(8 + length).fill(0x20)
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true)
  out.set(json, 8)
  return out
}

function dataBytes(name: string, { shape, data }: StoredTensor): Uint8Array {
  assert(data.length === elementCount(shape), `${name}: ${data.length} elements for a shape of ${shape}`)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
