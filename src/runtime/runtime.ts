/** The contract of a runtime: load a model, run it, let it go. Sessions compute outside the calling thread. */
import type { Tensor } from './tensor.ts'

export type Tensors = { readonly [name: string]: Tensor }

/** A model's bytes, or a file; weights in files beside it are mapped into memory, not read. */
export type ModelSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file'
      readonly path: string
      /** Paths of the files beside it that hold its weights, for its size. */
      readonly weights?: readonly string[]
    }

export interface LoadOptions {
  /** What errors call the model. */
  readonly name: string
  /** Threads that one run may use, the worker's own included; 1 by default. */
  readonly threads?: number
  /** Threads wait for work by spinning: right while training, wasteful in a server. Off by default. */
  readonly spinning?: boolean
  /** The model's bytes are given away: the caller's array is empty afterwards, and nothing is copied. */
  readonly give?: boolean
  readonly signal?: AbortSignal
}

export interface RunOptions {
  /** A run that waits leaves the queue; one that has begun is finished and its outputs dropped. */
  readonly signal?: AbortSignal
  /** The inputs are given away: the caller's arrays are empty afterwards, and nothing is copied. */
  readonly give?: boolean
  /** The outputs that are wanted; all of them by default. */
  readonly outputs?: readonly string[]
}

export interface Session {
  readonly name: string
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /** Bytes of the model and of its external data. */
  readonly sizeBytes: number
  /**
   * Throws `runtime.run-failed` where the inputs do not fit the model, `runtime.worker-lost` where its worker ended,
   * and `cancelled`.
   */
  run(inputs: Tensors, options?: RunOptions): Promise<Tensors>
  /** Frees the memory after what is running; a session that was let go cannot run. */
  release(): Promise<void>
}

export interface Runtime {
  readonly name: string
  readonly can: { readonly load: readonly ModelSource['kind'][] }
  /**
   * Throws `runtime.missing` and `runtime.unusable` where ONNX Runtime is not there, `runtime.model-unusable` where it
   * does not take the model, and `cancelled`.
   */
  load(source: ModelSource, options: LoadOptions): Promise<Session>
  /** Ends the workers; what waits is rejected with `runtime.worker-lost`. */
  dispose(): Promise<void>
}
