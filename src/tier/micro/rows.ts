// The rows of a training as the encoder reads them, and what its frozen layers made of them, computed once.
import type { WorkOptions } from '../../base/progress.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { encoderGraph } from '../../model/encoder/encoder.ts'
import { copyVectors, type EncodedBatch, openEncoderSession } from '../../model/encoder/encoder-session.ts'
import { pooled } from '../../model/encoder/pooling.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { floatsOf } from '../../runtime/tensor.ts'

/** Values of tokens, row after row: row r has the tokens `starts[r]` to `starts[r + 1]`. */
export interface TokenRows<Data> {
  readonly data: Data
  readonly starts: Int32Array
}

/** What the frozen encoder says of all rows. */
export interface FrozenRows {
  /** [rows, hidden size]: pooled as the base pools. */
  readonly features: Float32Array
  /** Hidden states after the layers that do not train, where some of the others do. */
  readonly hidden?: TokenRows<Float32Array>
}

export interface FreezeOptions extends WorkOptions {
  readonly base: BaseModel
  readonly runtime: Runtime
  /** Layers whose hidden states are kept; `undefined`: none are needed. */
  readonly keepAfter?: number
  readonly threads: number
}

/** Runs the base over framed texts once. */
export async function freezeRows(texts: readonly Int32Array[], options: FreezeOptions): Promise<FrozenRows> {
  const { base, runtime, keepAfter, threads, signal, progress } = options
  const { config } = base
  const lower = encoderGraph(config, { joined: true, to: keepAfter ?? config.layers })
  const whole = encoderGraph(config, { joined: true, below: lower, from: keepAfter ?? config.layers })
  const keeps = keepAfter !== undefined
  const outputs = {
    features: pooled(whole, base.pooling),
    ...(keeps && { hidden: lower.hidden }),
  }
  const session = await openEncoderSession(outputs, base.tensors, runtime, {
    ...{ name: base.name, padId: config.padId, threads, spinning: true },
    ...(signal && { signal }),
  })
  const starts = startsOf(texts)
  const features = new Float32Array(texts.length * config.hidden)
  const hidden = keeps ? new Float32Array(starts.at(-1)! * config.hidden) : undefined
  try {
    await session.run(
      texts,
      (batch) => {
        copyVectors(batch, 'features', features)
        if (hidden) copyTokens(batch, { data: hidden, starts }, config.hidden)
      },
      { stage: 'reading', ...(signal && { signal }), ...(progress && { progress }) },
    )
  } finally {
    await session.release()
  }
  return { features, ...(hidden && { hidden: { data: hidden, starts } }) }
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
