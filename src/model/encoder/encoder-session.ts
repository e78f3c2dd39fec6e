// An encoder that answers: its graph lowered with its weights, loaded into a runtime, and texts run through it in
// batches of about one length. What it gives (hidden states, a vector, logits) are the outputs of the graph.
import { throwIfCancelled } from '../../base/errors.ts'
import type { WorkOptions } from '../../base/progress.ts'
import type { Value } from '../../graph/value.ts'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import { lowerInference } from '../../onnx/lower-inference.ts'
import type { LoadOptions, Runtime, Session, Tensors } from '../../runtime/runtime.ts'
import { float32Tensor, floatsOf, int32Tensor } from '../../runtime/tensor.ts'
import type { TensorSource } from '../weights/tensor-source.ts'
import { encoderInputs } from './encoder.ts'
import { type BatchLimits, lengthBatches, padBatch, roundedStep, steppedLength } from './framing.ts'
import { readParameters } from './parameters.ts'

/** What one batch gave. */
export interface EncodedBatch {
  /** Numbers of the texts in it. */
  readonly rows: Int32Array
  /** Tokens that each was padded to. */
  readonly time: number
  readonly outputs: Tensors
}

export interface EncodeOptions extends WorkOptions {
  readonly limits?: BatchLimits
  /** What progress calls it. */
  readonly stage?: string
  /** Further int32 inputs [B, T] by name: values of each text's tokens; padding holds 0. */
  readonly also?: { readonly [name: string]: readonly Int32Array[] }
}

export interface EncoderSession {
  /** Bytes of the model. */
  readonly sizeBytes: number
  /** Runs framed texts, shortest first; `take` gets the batches in that order. Throws what {@link Session.run} throws. */
  run(
    texts: readonly Int32Array[],
    take: (batch: EncodedBatch) => void,
    options?: EncodeOptions,
  ): Promise<void>
  release(): Promise<void>
}

export interface OpenSessionOptions extends LoadOptions {
  readonly padId: number
  /** float32 by default. */
  readonly precision?: WeightPrecision
}

/** Loads a graph whose parameters are read from `tensors`, by name, and become constants. */
export async function loadEncoder(
  outputs: { readonly [name: string]: Value },
  tensors: TensorSource,
  runtime: Runtime,
  options: Omit<OpenSessionOptions, 'padId'>,
): Promise<Session> {
  const parameters = await readParameters(Object.values(outputs), tensors, options.name)
  const bytes = lowerInference(outputs, parameters, { fused: options.precision ?? 'float32' })
  return runtime.load({ kind: 'bytes', bytes }, { ...options, give: true })
}

/** Loads a graph that is fed ids and a mask as {@link loadEncoder} does. */
export async function openEncoderSession(
  outputs: { readonly [name: string]: Value },
  tensors: TensorSource,
  runtime: Runtime,
  options: OpenSessionOptions,
): Promise<EncoderSession> {
  const session = await loadEncoder(outputs, tensors, runtime, options)
  const usual =
    options.precision === undefined || options.precision === 'float32' ? usualLimits : roundedLimits
  return {
    sizeBytes: session.sizeBytes,
    run: (texts, take, { limits = usual, also = {}, ...encodeOptions } = {}) =>
      runBatches(session, options.padId, { texts, take, also, limits }, encodeOptions),
    release: () => session.release(),
  }
}

// Small batches stay in the processor's caches: 16 texts took a fifth less time each than 64.
const usualLimits: BatchLimits = { rows: 16, tokens: 4096 }

/** A text is padded by its own length alone. */
const roundedLimits: BatchLimits = { ...usualLimits, step: roundedStep }

/** Batches that are prepared or run at once: one runs while the next is padded. */
const ahead = 2

interface Asked {
  readonly texts: readonly Int32Array[]
  readonly take: (batch: EncodedBatch) => void
  readonly also: NonNullable<EncodeOptions['also']>
  readonly limits: BatchLimits
}

async function runBatches(
  session: Session,
  padId: number,
  { texts, take, also, limits }: Asked,
  { signal, progress, stage = 'encoding' }: Omit<EncodeOptions, 'limits' | 'also'>,
): Promise<void> {
  const batches = lengthBatches(
    texts.map(({ length }) => length),
    limits,
  )
  const running: Promise<EncodedBatch>[] = []
  let done = 0
  const finish = async (): Promise<void> => {
    const batch = await running.shift()!
    take(batch)
    done += batch.rows.length
    progress?.({ stage, done, total: texts.length })
  }
  try {
    for (const rows of batches) {
      throwIfCancelled(signal, stage)
      running.push(runBatch(session, padId, { texts, also, limits, rows }, signal))
      if (running.length >= ahead) await finish()
    }
    while (running.length > 0) await finish()
  } finally {
    await Promise.allSettled(running)
  }
}

async function runBatch(
  session: Session,
  padId: number,
  { texts, also, limits, rows }: Omit<Asked, 'take'> & { readonly rows: Int32Array },
  signal: AbortSignal | undefined,
): Promise<EncodedBatch> {
  const own = Array.from(rows, (row) => texts[row]!)
  const longest = own.reduce((most, { length }) => Math.max(most, length), 0)
  const batch = padBatch(own, padId, steppedLength(longest, limits.step))
  const shape = [batch.rows, batch.time]
  const further = Object.entries(also).map(([name, values]) => {
    const chosen = Array.from(rows, (row) => values[row]!)
    return [name, int32Tensor(shape, padBatch(chosen, 0, batch.time).ids)] as const
  })
  const inputs = {
    ...Object.fromEntries(further),
    [encoderInputs.ids]: int32Tensor(shape, batch.ids),
    [encoderInputs.mask]: float32Tensor(shape, batch.mask),
  }
  const outputs = await session.run(inputs, { give: true, ...(signal && { signal }) })
  return { rows, time: batch.time, outputs }
}

/** Copies an output with one vector a text, [B, width], to the texts' rows of `into`. */
export function copyVectors({ rows, outputs }: EncodedBatch, name: string, into: Float32Array): void {
  const vectors = floatsOf(outputs[name], name)
  const width = vectors.length / rows.length
  rows.forEach((row, i) => {
    into.set(vectors.subarray(i * width, (i + 1) * width), row * width)
  })
}
