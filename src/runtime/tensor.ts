/** Tensors as they go in and out of a session: a flat typed array with its shape, row-major. */
import { assert } from '../base/errors.ts'

/** What holds the numbers of each type. */
interface TensorData {
  readonly float32: Float32Array
  readonly int32: Int32Array
  readonly int64: BigInt64Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  /** One byte each, 0 or 1. */
  readonly bool: Uint8Array
}

export type TensorType = keyof TensorData

export type Tensor = {
  readonly [Type in TensorType]: {
    readonly dtype: Type
    readonly shape: readonly number[]
    readonly data: TensorData[Type]
  }
}[TensorType]

/** A tensor of single-precision numbers; its data are not copied. */
export function float32Tensor(shape: readonly number[], data: Float32Array): Tensor {
  assertFits(shape, data)
  return { dtype: 'float32', shape, data }
}

/** A tensor of 32-bit whole numbers; its data are not copied. */
export function int32Tensor(shape: readonly number[], data: Int32Array): Tensor {
  assertFits(shape, data)
  return { dtype: 'int32', shape, data }
}

/** How many numbers a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1)
}

function assertFits(shape: readonly number[], data: { readonly length: number }): void {
  assert(sizeOf(shape) === data.length, `a tensor of shape [${shape.join(', ')}] got ${data.length} numbers`)
}

/** The numbers of a tensor that must be single-precision. */
export function floatsOf(tensor: Tensor | undefined, name: string): Float32Array {
  assert(tensor?.dtype === 'float32', `${name} is ${tensor?.dtype ?? 'missing'} where float32 is expected`)
  return tensor.data
}
