// The rows of a training as the encoder reads them, and what its frozen layers made of them, computed once.
import type { WorkOptions } from '../../base/progress.ts'
import type { Value } from '../../graph/value.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { encoderGraph } from '../../model/encoder/encoder.ts'
import { copyVectors, type EncodedBatch, openEncoderSession } from '../../model/encoder/encoder-session.ts'
import { pooled } from '../../model/encoder/pooling.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { floatsOf } from '../../runtime/tensor.ts'
import { assertTimeFor, expectedPassMs, tokensIn } from './pass-time.ts'

/** Values of tokens, row after row: row r has the tokens `starts[r]` to `starts[r + 1]`. */
export interface TokenRows<Data> {
  readonly data: Data
  readonly starts: Int32Array
}

export interface FreezeOptions extends WorkOptions {
  readonly base: BaseModel
  readonly runtime: Runtime
  readonly threads: number
  /** When the time of the training is over, by the clock of `performance.now`; a pass that would end later is refused. */
  readonly deadline?: number
  /** Told after each pass how long a token took. */
  readonly onPace?: (msPerToken: number) => void
}

/** Vectors [texts, hidden size] of framed texts, pooled as the base pools. */
export async function freezeVectors(
  texts: readonly Int32Array[],
  options: FreezeOptions,
): Promise<Float32Array> {
  const { config, pooling } = options.base
  const vectors = new Float32Array(texts.length * config.hidden)
  const outputs = { vectors: pooled(encoderGraph(config, { joined: true }), pooling) }
  await freeze(texts, outputs, options, (batch) => copyVectors(batch, 'vectors', vectors))
  return vectors
}

/** Hidden states of framed texts after the first `layers` layers. */
export async function freezeHidden(
  texts: readonly Int32Array[],
  layers: number,
  options: FreezeOptions,
): Promise<TokenRows<Float32Array>> {
  const { config } = options.base
  const starts = startsOf(texts)
  const data = new Float32Array(starts.at(-1)! * config.hidden)
  const { hidden } = encoderGraph(config, { joined: true, to: layers })
  await freeze(texts, { hidden }, options, (batch) => copyTokens(batch, { data, starts }, config.hidden))
  return { data, starts }
}

/** Bytes of the hidden states of framed texts. */
export function hiddenBytes(texts: readonly Int32Array[], { config }: BaseModel): number {
  return texts.reduce((sum, { length }) => sum + 4 * config.hidden * length, 0)
}

async function freeze(
  texts: readonly Int32Array[],
  outputs: { readonly [name: string]: Value },
  { base, runtime, threads, signal, progress, deadline, onPace }: FreezeOptions,
  take: (batch: EncodedBatch) => void,
): Promise<void> {
  const session = await openEncoderSession(outputs, base.tensors, runtime, {
    ...{ name: base.name, padId: base.config.padId, threads, spinning: true },
    ...(signal && { signal }),
  })
  try {
    const needMs = deadline === undefined ? 0 : await expectedPassMs(session, texts, signal && { signal })
    assertTimeFor({ model: base.name, texts: texts.length, needMs, deadline })
    const beganMs = performance.now()
    await session.run(texts, take, {
      stage: 'reading',
      ...(signal && { signal }),
      ...(progress && { progress }),
    })
    onPace?.((performance.now() - beganMs) / Math.max(1, tokensIn(texts)))
  } finally {
    await session.release()
  }
}

/** Ids of framed texts one after another. */
export function joinTokens(texts: readonly Int32Array[]): TokenRows<Int32Array> {
  const starts = startsOf(texts)
  const data = new Int32Array(starts.at(-1)!)
  texts.forEach((text, row) => {
    data.set(text, starts[row]!)
  })
  return { data, starts }
}

function startsOf(texts: readonly Int32Array[]): Int32Array {
  const starts = new Int32Array(texts.length + 1)
  texts.forEach(({ length }, row) => {
    starts[row + 1] = starts[row]! + length
  })
  return starts
}

function copyTokens(
  { rows, time, outputs }: EncodedBatch,
  { data, starts }: TokenRows<Float32Array>,
  width: number,
): void {
  const hidden = floatsOf(outputs['hidden'], 'hidden')
  rows.forEach((row, i) => {
    const length = (starts[row + 1]! - starts[row]!) * width
    data.set(hidden.subarray(i * time * width, i * time * width + length), starts[row]! * width)
  })
}
