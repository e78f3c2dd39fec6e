/** A call: one request to the gateway and its answer, as it is kept. Texts in it are masked already. */
import type { CallId, ModelName, TaskId } from '../base/ids.ts'

/** The API whose shapes the call has; `opaque` is forwarded and kept without being understood. */
export type WireKind = 'openai-chat' | 'opaque'

/** Tokens, and whether the upstream reported them or they were counted here. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens?: number
  readonly source: 'reported' | 'counted'
}

export interface Call {
  readonly id: CallId
  /** When the request came in, milliseconds since 1970, UTC. */
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly wire: WireKind
  readonly task?: TaskId
  readonly model?: ModelName
  /** `upstream` or `TASK@VERSION (tier)`, as in the header `x-shoal-served-by`. */
  readonly servedBy: string
  /** Why it went there, as in the header `x-shoal-reason`. */
  readonly reason: string
  /** Calibrated confidence, where a specialist was asked. */
  readonly confidence?: number
  readonly streaming: boolean
  readonly status: number
  /** Body of the request and of the answer, as text; a streamed answer is put together again. Absent where not text. */
  readonly request?: string
  readonly response?: string
  readonly usage?: Usage
  readonly latencyMs: number
  readonly firstByteMs?: number
  /** CPU time of the specialist's prediction. */
  readonly cpuMs?: number
  /** Code of the error that was answered, where it was one. */
  readonly error?: string
}
