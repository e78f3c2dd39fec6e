/** What the demonstration's two sides say to each other: the gateway's process and the world outside it (a worker). */
import type { Mail } from './corpus.ts'

/** Stated inputs of the demonstration, none of them a measurement. */
export interface OutsideData {
  readonly mails: readonly Mail[]
  /** How long the stand-in waits before it answers, milliseconds. */
  readonly standInLatencyMs: number
  readonly callsPerSecond: number
}

export type ToOutside =
  | { readonly kind: 'start'; readonly gatewayUrl: string }
  /** From now on calls do not name the task: the template must recognise them. */
  | { readonly kind: 'stop-naming-the-task' }
  | { readonly kind: 'stop' }

/** One call as the client saw it. */
export interface ClientResult {
  readonly local: boolean
  readonly latencyMs: number
  /** The answer's label against the corpus's own; absent where the call failed. */
  readonly right?: boolean
  readonly promptTokens: number
  readonly completionTokens: number
  readonly problem?: string
}

export type FromOutside =
  | { readonly kind: 'stand-in-ready'; readonly url: string }
  | { readonly kind: 'results'; readonly results: readonly ClientResult[] }
  | { readonly kind: 'all-sent' }
