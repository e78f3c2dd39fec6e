/** Tensors by name, wherever they lie: a safetensors file, several, an ONNX file, or memory. */
import { appError } from '../../base/errors.ts'

/** A tensor as it is trained and multiplied: row-major float32. */
export interface StoredTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array<ArrayBuffer>
}

/** Reads one tensor at a time, so that a model never lies in memory twice. */
export interface TensorSource {
  /** Sorted by code unit. */
  readonly names: readonly string[]
  /** Throws `weights.tensor-missing` for a name that is not there. */
  shapeOf(name: string): readonly number[]
  /** Throws `weights.tensor-missing`, or `weights.tensor` for one that is cut short, is not finite or is no float32. */
  read(name: string): Promise<StoredTensor>
  close(): Promise<void>
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** `[30522, 384]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`
}

/** Throws `weights.tensor` at the first NaN or infinity. */
export function checkFinite(
  data: Float32Array,
  of: { readonly file: string; readonly tensor: string },
): void {
  let sum = 0
  for (let at = 0; at < data.length; at++) sum += data[at]! - data[at]!
  if (sum === 0) return
  const at = data.findIndex((value) => !Number.isFinite(value))
  throw appError('weights.tensor', { ...of, problem: `holds ${data[at]} at element ${at}` })
}

/** The error for a name that a file does not have, with the most similar of those that it has. */
export function missingTensor(file: string, tensor: string, names: readonly string[]): Error {
  const last = tensor.split('.').slice(-2).join('.')
  const alike = names.filter((name) => name.endsWith(last)).slice(0, 3)
  const shown = alike.length > 0 ? alike : names.slice(0, 3)
  return appError('weights.tensor-missing', {
    file,
    tensor,
    count: names.length,
    names: shown.join(', ') || 'none',
  })
}

/** Tensors that are in memory already. */
export function tensorsInMemory(tensors: ReadonlyMap<string, StoredTensor>, file = 'memory'): TensorSource {
  const names = [...tensors.keys()].sort()
  const get = (name: string): StoredTensor => {
    const tensor = tensors.get(name)
    if (!tensor) throw missingTensor(file, name, names)
    return tensor
  }
  return {
    names,
    shapeOf: (name) => get(name).shape,
    read: async (name) => get(name),
    close: async () => {},
  }
}
