/** What a pool and its workers say to each other, and which memory goes along without being copied. */
import type { CarriedError } from './carried-error.ts'
import type { LoadOptions, ModelSource, Tensors } from './runtime.ts'
import type { Tensor } from './tensor.ts'

export type LoadSettings = Pick<LoadOptions, 'name' | 'threads' | 'spinning'>

/** A worker does one after another and answers each. */
export type Request =
  | {
      readonly kind: 'load'
      readonly session: number
      readonly source: ModelSource
      readonly settings: LoadSettings
    }
  | {
      readonly kind: 'run'
      readonly session: number
      readonly inputs: Tensors
      readonly outputs?: readonly string[]
    }
  | { readonly kind: 'release'; readonly session: number }

/** Tells a worker to end by itself, once it has done what it is doing. */
export interface EndRequest {
  readonly kind: 'end'
}

export type Answer =
  | { readonly kind: 'loaded'; readonly about: LoadedModel }
  | { readonly kind: 'ran'; readonly outputs: Tensors }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly error: CarriedError }

export interface LoadedModel {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly sizeBytes: number
}

/** Whole buffers of tensors, each once: what a message may take along. */
export function buffersOf(tensors: Tensors): readonly ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const { data } of Object.values(tensors))
    if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer)
  return [...buffers]
}

/**
 * The same tensors, each on memory of its own size: a posted view takes its whole buffer along, and ONNX Runtime takes
 * no shared memory.
 */
export function compacted(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, compactedTensor(tensor)]))
}

function compactedTensor(tensor: Tensor): Tensor {
  const { buffer, byteLength } = tensor.data
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return tensor
  // The copy is of the same type as the original, which the union of tensors cannot say.
  return { ...tensor, data: tensor.data.slice() } as Tensor
}
