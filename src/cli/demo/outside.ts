/** What the demonstration's two sides say to each other: the gateway's process and the world outside it (a worker). */
import type { Mail } from './corpus.ts'

/** Stated inputs of the demonstration, none of them a measurement. */
export interface OutsideData {
  readonly mails: readonly Mail[]
  /** How long the stand-in waits before it answers, milliseconds. */
  readonly standInLatencyMs: number
  readonly manner: Manner
}

/** How the client calls. */
export interface Manner {
  readonly callsPerSecond: number
  /** True: calls carry the header `x-shoal-task`. */
  readonly namesTask: boolean
}

export type ToOutside =
  | { readonly kind: 'start'; readonly gatewayUrl: string }
  /** From now on so many calls a second, naming the task or not: where not, the template must recognise them. */
  | { readonly kind: 'go-on'; readonly manner: Manner }
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
