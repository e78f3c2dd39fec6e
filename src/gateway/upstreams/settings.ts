/** What is said about upstreams before any is called. */

/** Whose API an upstream speaks: it decides the calls that it gets and the header that its key goes into. */
export type UpstreamShape = 'openai' | 'anthropic'

export interface MemberSettings {
  /** As in `shoal.yaml`, in headers, metrics and the log. */
  readonly name: string
  /** With its path, which stands in place of `/v1`: `https://host/v1`. */
  readonly url: URL
  readonly shape: UpstreamShape
  readonly apiKey?: string
  /**
   * `client-first`: a client's own key goes to it, the configured one only where there is none.
   * `configured`: a client's key never does.
   */
  readonly keys: 'client-first' | 'configured'
  /** Names that it takes, where not all; `*` stands for any text. */
  readonly models?: readonly string[]
  /** Name in requests → its own name for that model. */
  readonly modelMap?: Readonly<Record<string, string>>
  /** Calls at one moment; more wait for `queueTimeoutMs` at most. */
  readonly maxConcurrent: number
  readonly queueTimeoutMs: number
  readonly connectTimeoutMs: number
  /** From sending to the whole answer, or to the first event of a streamed one; absent: a fair share of the time that is left. */
  readonly answerTimeoutMs?: number
  /** Longest silence inside an answer. */
  readonly silenceTimeoutMs: number
}

export interface UpstreamsSettings {
  /** In the order in which they are tried. */
  readonly members: readonly MemberSettings[]
  /** Longest wait of a client for the whole answer, or for the first event of a streamed one, over all tries. */
  readonly answerTimeoutMs: number
  /** Retries on an upstream that has failed, as a share of the calls to it. */
  readonly retryShare: number
  /** How long the first upstream has before a second one is asked too; absent: never. */
  readonly hedgeAfterMs?: number
  /** Answers that are read whole may be this large. */
  readonly bodyLimitBytes: number
}
