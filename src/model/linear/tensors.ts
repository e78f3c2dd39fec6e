// Named arrays in the safetensors format: eight bytes of header length, a JSON header, the data.
import { assert } from '../../base/errors.ts'

export type TensorData = Uint32Array | Float32Array | Uint8Array | Int8Array

export interface Tensor {
  readonly shape: readonly number[]
  readonly data: TensorData
}

const kinds = {
  U32: Uint32Array,
  F32: Float32Array,
  U8: Uint8Array,
  I8: Int8Array,
} as const

type Kind = keyof typeof kinds

const views: { readonly [K in Kind]: (bytes: Uint8Array) => TensorData } = {
  U32: ({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length / 4),
  F32: ({ buffer, byteOffset, length }) => new Float32Array(buffer, byteOffset, length / 4),
  U8: (bytes) => bytes,
  I8: ({ buffer, byteOffset, length }) => new Int8Array(buffer, byteOffset, length),
}

interface Entry {
  readonly dtype: Kind
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Writes the tensors in the order given; put those of four bytes first, so that all are aligned. */
export function encodeTensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  const header: Record<string, Entry> = {}
  let end = 0
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: kindOf(data), shape, data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const json = JSON.stringify(header)
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const bytes = new Uint8Array(8 + text.length + end)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  let at = 8 + text.length
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

function kindOf(data: TensorData): Kind {
  const name = Object.entries(kinds).find(([, type]) => data instanceof type)?.[0]
  return name as Kind
}

/** Reads tensors; the arrays are views of `bytes` where they are aligned there, as in whole files, or else copies. Big-endian machines are not supported, here as in WebAssembly. */
export function decodeTensors(bytes: Uint8Array): ReadonlyMap<string, Tensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerBytes = Number(view.getBigUint64(0, true))
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))
  const header: Record<string, Entry> = JSON.parse(text)
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const [start, end] = data_offsets
    const place = bytes.subarray(8 + headerBytes + start, 8 + headerBytes + end)
    assert(place.length === end - start, `tensor ${name} ends after its file`)
    // Not `slice`: a Node Buffer's gives a view.
    const aligned = place.byteOffset % kinds[dtype].BYTES_PER_ELEMENT === 0 ? place : new Uint8Array(place)
    tensors.set(name, { shape, data: views[dtype](aligned) })
  }
  return tensors
}
