/** A call: one request to the gateway and its answer, as it is kept. Texts in it are masked already. */
import type { CallId, ModelName, TaskId } from '../base/ids.ts'

/** The API whose shapes the call has; `opaque` is forwarded and kept without being understood. */
export type WireKind = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'opaque'

/** Tokens, and whether the upstream reported them or they were counted here; all are whole numbers from 0. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Prompt tokens read from the provider's cache; part of `promptTokens`. */
  readonly cachedTokens?: number
  /** Prompt tokens written to the provider's cache where that costs extra (Anthropic); part of `promptTokens`. */
  readonly cacheWriteTokens?: number
  /** Of `cacheWriteTokens` those kept for an hour instead of five minutes, which cost more (Anthropic). */
  readonly cacheWriteHourTokens?: number
  /** Tokens of hidden reasoning; part of `completionTokens`. */
  readonly reasoningTokens?: number
  /** Spoken input and output, which have prices of their own; parts of `promptTokens` and `completionTokens`. */
  readonly audioPromptTokens?: number
  readonly audioCompletionTokens?: number
  readonly source: 'reported' | 'counted'
  /** How they were counted, where they were. */
  readonly countedBy?: CountedBy
}

/** The model's own tokenizer by the name of its encoding, or a quarter of the UTF-8 bytes. */
export type CountedBy = 'bytes' | 'cl100k_base' | 'o200k_base'

export interface Call {
  readonly id: CallId
  /** When the request came in, milliseconds since 1970, UTC. */
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly wire: WireKind
  readonly task?: TaskId
  readonly model?: ModelName
  /** Name of the upstream that answered, where there are several. */
  readonly upstream?: string
  /** The locally answered call that this one checks: it was sent upstream in the background. */
  readonly auditOf?: CallId
  /** First 32 hex digits of the SHA-256 of the end user's id that the request named; the id itself is not kept apart. */
  readonly endUser?: string
  /** Id of the key that the client used. */
  readonly key?: string
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
