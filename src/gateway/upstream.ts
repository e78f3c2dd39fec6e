/** The upstream as the gateway sees it: one thing to send calls to, however many stand behind it. */
import type { AppError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'

export interface UpstreamRequest {
  readonly method: string
  /** With query, beginning with `/v1`. */
  readonly path: string
  /** Names and values in turn, as the client sent them. */
  readonly headers: readonly string[]
  /** What comes piece by piece can be sent once only, so that no other upstream is asked when one has failed. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
  readonly signal: AbortSignal
  /** True: the upstream is not told which compressions the client reads, so that the answer comes as it is meant. */
  readonly plainEncoding: boolean
  /** Whether a stream was asked for; absent where that is not known, and the answer's own word is taken. */
  readonly streaming?: boolean
}

export interface UpstreamAnswer {
  readonly status: number
  readonly statusText: string
  /** Names and values in turn, as the upstream sent them. */
  readonly headers: readonly string[]
  /** Errors while it is read are of the table. */
  readonly body: AsyncIterable<Uint8Array>
  /** Present where the answer was read whole and checked before it was given: `body` gives the same bytes. */
  readonly whole?: WholeBody
  /** Name of the upstream that answered. */
  readonly upstream: string
  /** The model that it was asked for, where that is another name than the request's. */
  readonly model?: string
  /** What was tried before in vain, as `NAME: what failed`. */
  readonly tried: readonly string[]
}

/** An answer in one piece. */
export interface WholeBody {
  readonly bytes: Buffer
  /** Decompressed, where it is UTF-8 text. */
  readonly text?: string
  /** The text as JSON, where it is that. */
  readonly value?: Json
}

/** How one upstream stands, for metrics and for people. */
export interface UpstreamState {
  readonly name: string
  readonly address: string
  /** Calls that were sent to it, retries and fallbacks included. */
  readonly requests: number
  /** What kind of failure → how often. */
  readonly failures: { readonly [kind: string]: number }
  /** Sent to it again after it had failed. */
  readonly retries: number
  /** Sent to it after another one had failed. */
  readonly fallbacks: number
  /** Sent to it while another one was still thinking. */
  readonly hedges: number
  readonly active: number
  readonly waiting: number
  /** Models of which it is held not to answer, to answer badly, or to want to be left alone. */
  readonly models: { readonly dead: number; readonly ill: number; readonly resting: number }
}

export interface Upstream {
  /** Names or the address, for logs and messages; no key, user or query. */
  readonly name: string
  /** Throws `upstream.*`; or the signal's reason. */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>
  /** The error of the table for a failure while an answer was read. */
  errorOf(cause: unknown): AppError
  /** What the upstream that is asked first calls a model of chat calls; the same where nobody takes it. */
  readonly modelName: (model: string) => string
  states(): readonly UpstreamState[]
  close(): Promise<void>
}
