/** The part of ONNX Runtime's JavaScript interface that is used, the same on Node and in the browser (onnxruntime-common 1.30). */
import type { Tensor, TensorType } from './tensor.ts'

export interface OrtTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
}

export interface OrtSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches?: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>>
  release(): Promise<void>
}

export interface OrtSessionOptions {
  readonly intraOpNumThreads: number
  readonly interOpNumThreads: number
  readonly logSeverityLevel: 0 | 1 | 2 | 3 | 4
  readonly executionProviders: readonly string[]
  readonly extra: { readonly session: Readonly<Record<string, unknown>> }
}

export interface OrtLibrary {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: OrtSessionOptions): Promise<OrtSession>
  }
  readonly Tensor: new (type: TensorType, data: Tensor['data'], dims: readonly number[]) => OrtTensor
}

/** How long threads wait is set by these keys of onnxruntime_session_options_config_keys.h, written nested. */
export function sessionOptions(threads: number, spinning: boolean): OrtSessionOptions {
  const allowSpinning = spinning ? '1' : '0'
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    executionProviders: ['cpu'],
    extra: {
      session: { intra_op: { allow_spinning: allowSpinning }, inter_op: { allow_spinning: allowSpinning } },
    },
  }
}

const arrayTypes: { readonly [Type in TensorType]: abstract new (...args: never[]) => Tensor['data'] } = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

/** Takes over an output of ONNX Runtime; throws for types that no model of ours gives. */
export function fromOrt(tensor: OrtTensor): Tensor {
  const { type, data } = tensor
  if (!isTensorType(type) || !(data instanceof arrayTypes[type]))
    throw new Error(`an output is of the type ${type}, which is not read here`)
  // Checked on the line before, which the union of tensors cannot follow.
  return { dtype: type, shape: tensor.dims, data } as Tensor
}

function isTensorType(type: string): type is TensorType {
  return Object.hasOwn(arrayTypes, type)
}
