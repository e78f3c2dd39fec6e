/** Whether what came back from one upstream is an answer to hand over, or a failure that another one may make good. */
import type { AppError } from '../../base/errors.ts'
import { appError } from '../../base/errors.ts'
import { fieldOf } from '../header-fields.ts'
import type { UpstreamAnswer, WholeBody } from '../upstream.ts'
import type { Failure, FailureKind } from './failure.ts'
import { failureKindOf, type HttpUpstream, type RawAnswer } from './http-upstream.ts'
import type { Expected } from './request-facts.ts'
import { retryAfterMs } from './retry-after.ts'
import type { MemberSettings } from './settings.ts'
import { type BegunStream, beginStream, passStream } from './streamed-answer.ts'
import { judgeWhole, readWhole, wholeBody } from './whole-answer.ts'

export type Outcome =
  | { readonly kind: 'answer'; readonly answer: UpstreamAnswer }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** The upstream that answered. */
export interface Judged {
  readonly settings: MemberSettings
  readonly http: HttpUpstream
  readonly bodyLimitBytes: number
  readonly nowMs: () => number
}

/** What was asked of it. */
export interface Asking {
  readonly expects: Expected
  readonly seesClientKey: boolean
  /** Whether another upstream could still answer. */
  readonly canGoElsewhere: boolean
}

/** Nested, not spread: this is made for every call. */
export interface JudgeOptions {
  readonly by: Judged
  readonly asked: Asking
  /** Whether a stream was asked for; absent: the answer's word is taken. */
  readonly streaming: boolean | undefined
  /** Told when an answer breaks off that was handed over already. */
  readonly onBroken: (failure: Failure) => void
}

/** Statuses that say that this upstream could not, not that the request is wrong. */
const failing = new Set([500, 502, 503, 504, 529])

/** Reads as much as must be seen to judge: all of an answer in one piece, the beginning of a stream. Throws what the body throws. */
export async function judgeAnswer(raw: RawAnswer, options: JudgeOptions): Promise<Outcome> {
  const { status, headers } = raw
  const isStream =
    options.streaming !== false && /^text\/event-stream/i.test(fieldOf(headers, 'content-type') ?? '')
  // Events that are compressed, though plain ones were asked for, go on unread.
  const encoding = fieldOf(headers, 'content-encoding') ?? 'identity'
  if (isGood(status) && isStream && encoding !== 'identity') return handOver(raw, raw.body, options)
  if (isGood(status) && isStream) return judgeStream(raw, options)
  const isUnchecked = options.asked.expects === 'bytes' && failureOfStatus(status, options) === undefined
  if (isUnchecked) return handOver(raw, raw.body, options)
  return judgeBody(raw, options)
}

async function judgeBody(raw: RawAnswer, options: JudgeOptions): Promise<Outcome> {
  const { expects } = options.asked
  const { bodyLimitBytes } = options.by
  const { status } = raw
  const read = await readWhole(raw, bodyLimitBytes)
  if (read.kind === 'too-large') {
    if (expects === 'json' && isGood(status))
      return handOver(
        raw,
        readOn(read.begun, { ...options, asked: { ...options.asked, expects: 'bytes' } }),
        options,
      )
    raw.body.destroy()
    return malformed(options, status, `its body is larger than ${bodyLimitBytes} bytes`)
  }
  const whole = await wholeBody(read.bytes, raw.headers)
  const answer = answerOf(raw, once(read.bytes), options, whole)
  if (!isGood(status)) return judgeError(answer, options)
  const verdict = judgeWhole(whole, expects)
  switch (verdict.kind) {
    case 'good':
      return { kind: 'answer', answer }
    case 'not-as-expected':
      return malformed(options, status, verdict.problem)
    case 'error-inside':
      return judgeError({ ...answer, status: verdict.status, statusText: '' }, options)
  }
}

/** An error answer goes to the client as it is, unless it is a page where the client expects JSON. */
function judgeError(answer: UpstreamAnswer, options: JudgeOptions): Outcome {
  const kind = failureOfStatus(answer.status, options)
  const isClean = options.asked.expects === 'bytes' || answer.whole?.value !== undefined
  if (kind === undefined && isClean) return { kind: 'answer', answer }
  const problem = 'it is no JSON, as a page of a proxy would be. Is the address of the upstream right?'
  const broken = malformed(options, answer.status, problem)
  if (kind === undefined) return broken
  const waitMs = retryAfterMs(answer.headers, Date.now())
  return {
    kind: 'failure',
    failure: {
      kind,
      error: broken.failure.error,
      status: answer.status,
      ...(isClean && { answer }),
      ...(waitMs !== undefined && { retryAfterMs: waitMs }),
      ...(fieldOf(answer.headers, 'x-should-retry') === 'false' && { isFinal: true }),
    },
  }
}

async function judgeStream(raw: RawAnswer, options: JudgeOptions): Promise<Outcome> {
  const beginning = await beginStream(raw.body, {
    canGoElsewhere: options.asked.canGoElsewhere,
    maxEventChars: options.by.bodyLimitBytes,
  })
  switch (beginning.kind) {
    case 'empty':
      return malformed(options, raw.status, 'its stream ended before it said anything')
    case 'error-event': {
      raw.body.destroy()
      const { status } = beginning
      const { error } = malformed(options, status, 'its stream began with an error').failure
      return {
        kind: 'failure',
        failure: { kind: failureOfStatus(status, options) ?? 'status', error, status },
      }
    }
    case 'good':
      return handOver(raw, readOn(beginning.begun, options), options)
  }
}

function readOn(begun: BegunStream, options: JudgeOptions): AsyncIterable<Uint8Array> {
  return passStream(begun, {
    upstream: options.by.http.address,
    silenceTimeoutMs: options.by.settings.silenceTimeoutMs,
    limitBytes: options.by.bodyLimitBytes,
    isEvents: options.asked.expects !== 'bytes',
    nowMs: options.by.nowMs,
  })
}

function handOver(raw: RawAnswer, body: AsyncIterable<Uint8Array>, options: JudgeOptions): Outcome {
  return { kind: 'answer', answer: answerOf(raw, watched(body, options), options) }
}

/** What breaks off after it was handed over is a failure of the upstream, though the call cannot go elsewhere any more. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  { by, onBroken }: JudgeOptions,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (cause) {
    const failure = failureOfCause(by.http, cause)
    onBroken(failure)
    throw failure.error
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function answerOf(
  raw: RawAnswer,
  body: AsyncIterable<Uint8Array>,
  { by }: JudgeOptions,
  whole?: WholeBody,
): UpstreamAnswer {
  const { status, statusText, headers } = raw
  return { status, statusText, headers, body, ...(whole && { whole }), upstream: by.settings.name, tried: [] }
}

function isGood(status: number): boolean {
  return status >= 200 && status < 300
}

/** What a status says of the upstream; `undefined` where the answer is the client's to have. */
function failureOfStatus(
  status: number,
  { by: { settings }, asked: { seesClientKey } }: JudgeOptions,
): FailureKind | undefined {
  if (status === 429) return 'limited'
  if (failing.has(status)) return 'status'
  const isOwnKey = !seesClientKey || (settings.keys === 'configured' && settings.apiKey !== undefined)
  return isOwnKey && (status === 401 || status === 402 || status === 403) ? 'key-refused' : undefined
}

function malformed(
  { by: { http } }: JudgeOptions,
  status: number,
  problem: string,
): { readonly kind: 'failure'; readonly failure: Failure } {
  const error: AppError = appError('upstream.malformed', { upstream: http.address, status, problem })
  return { kind: 'failure', failure: { kind: 'malformed', error, status } }
}

/** The failure that an error of a connection is. */
export function failureOfCause(http: HttpUpstream, cause: unknown): Failure {
  return { kind: failureKindOf(cause), error: http.errorOf(cause) }
}
