/** How the elements of stored tensors become float32. Little-endian, as safetensors and ONNX are. */
import { appError } from '../../base/errors.ts'

interface ElementType {
  readonly sizeBytes: number
  /** The elements as float32; `undefined` where one of them has no float32 equal to it. */
  readonly toFloat32: (bytes: Uint8Array<ArrayBuffer>) => Float32Array<ArrayBuffer> | undefined
}

/** By safetensors' names. float64 and 8-bit floats are refused: nobody publishes encoders in them. */
export const elementTypes = {
  F32: { sizeBytes: 4, toFloat32: (bytes) => new Float32Array(bytes.buffer) },
  F16: { sizeBytes: 2, toFloat32: (bytes) => fromHalf(new Uint16Array(bytes.buffer)) },
  BF16: { sizeBytes: 2, toFloat32: (bytes) => fromBrain(new Uint16Array(bytes.buffer)) },
  I32: { sizeBytes: 4, toFloat32: (bytes) => exactly(new Int32Array(bytes.buffer)) },
  I64: { sizeBytes: 8, toFloat32: (bytes) => exactly(new BigInt64Array(bytes.buffer)) },
  I8: { sizeBytes: 1, toFloat32: (bytes) => exactly(new Int8Array(bytes.buffer)) },
  U8: { sizeBytes: 1, toFloat32: (bytes) => exactly(bytes) },
} as const satisfies Record<string, ElementType>

export type ElementTypeName = keyof typeof elementTypes

/** True for the name of an element type that can be read. */
export function isElementType(name: unknown): name is ElementTypeName {
  return typeof name === 'string' && Object.hasOwn(elementTypes, name)
}

/** Elements as float32; throws `weights.tensor` where a whole number has no float32 equal to it. */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  type: ElementTypeName,
  of: { readonly file: string; readonly tensor: string },
): Float32Array<ArrayBuffer> {
  const data = elementTypes[type].toFloat32(bytes)
  if (data) return data
  throw appError('weights.tensor', { ...of, problem: `holds ${type} numbers that float32 cannot hold` })
}

/** IEEE 754 binary16. */
function fromHalf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length)
  const bits = new Uint32Array(out.buffer)
  for (let at = 0; at < halves.length; at++) {
    const half = halves[at]!
    const sign = (half & 0x8000) << 16
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    // Subnormal halves are multiples of 2^-24.
    if (exponent === 0) out[at] = (sign ? -fraction : fraction) * 2 ** -24
    else bits[at] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13)
  }
  return out
}

/** The upper half of a float32. */
function fromBrain(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(halves.length)
  const bits = new Uint32Array(out.buffer)
  for (let at = 0; at < halves.length; at++) bits[at] = halves[at]! << 16
  return out
}

function exactly(whole: ArrayLike<number | bigint>): Float32Array<ArrayBuffer> | undefined {
  const out = new Float32Array(whole.length)
  for (let at = 0; at < whole.length; at++) {
    const value = Number(whole[at])
    out[at] = value
    if (out[at] !== value || !Number.isSafeInteger(value)) return undefined
  }
  return out
}
