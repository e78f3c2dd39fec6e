/** The connection to the upstream: pooled, with a limit on every wait, retrying only what cannot have been taken twice. */
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'
import { AppError, appError, assert } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import { upstreamFields } from './header-fields.ts'

export interface UpstreamOptions {
  /** With its path, which stands in place of `/v1`: `https://host/v1`. */
  readonly url: URL
  /** Used where a request brings no key of its own. */
  readonly apiKey?: string
  readonly connectTimeoutMs: number
  /** From the end of the request to the first header of the answer. */
  readonly answerTimeoutMs: number
  /** Longest silence inside an answer. */
  readonly silenceTimeoutMs: number
}

export interface UpstreamRequest {
  readonly method: string
  /** With query, beginning with `/v1`. */
  readonly path: string
  /** Names and values in turn, as the client sent them. */
  readonly headers: readonly string[]
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined
  readonly signal: AbortSignal
  /** True: the upstream is not told which compressions the client reads, so that the answer comes as it is meant. */
  readonly plainEncoding: boolean
}

export interface UpstreamAnswer {
  readonly status: number
  readonly statusText: string
  /** Names and values in turn, as the upstream sent them. */
  readonly headers: readonly string[]
  readonly body: AsyncIterable<Uint8Array>
}

export interface Upstream {
  /** Its address without user or query, for logs and messages. */
  readonly name: string
  /** Throws `upstream.*`; or the signal's reason. */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>
  /** The error of the table for a failure while an answer was read. */
  errorOf(cause: unknown): AppError
  close(): Promise<void>
}

/** Errors that come before any byte of a request was sent. */
const beforeSending = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const retryAfterMs = { least: 50, spread: 100 }

/** A pool of connections to one upstream; connects with the first request. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { url } = options
  const basePath = url.pathname.replace(/\/+$/, '')
  const name = url.origin + basePath
  const pool = new Pool(url.origin, {
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: options.answerTimeoutMs,
    bodyTimeout: options.silenceTimeoutMs,
  })
  const sendOnce = async (request: UpstreamRequest): Promise<UpstreamAnswer> => {
    const answer = await pool.request({
      method: request.method as 'POST',
      path: basePath + request.path.slice('/v1'.length),
      headers: upstreamFields(request.headers, {
        ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
        keepLength: !(request.body instanceof Uint8Array),
        keepEncodings: !request.plainEncoding,
      }),
      body: bodyOf(request.body),
      signal: request.signal,
      responseHeaders: 'raw',
    })
    return {
      status: answer.statusCode,
      statusText: answer.statusText,
      headers: rawFields(answer.headers),
      body: answer.body,
    }
  }
  const errorOf = (cause: unknown): AppError => upstreamError(cause, name, options)
  return {
    name,
    errorOf,
    send: async (request) => {
      try {
        return await sendOnce(request)
      } catch (cause) {
        request.signal.throwIfAborted()
        if (!isSafeToRepeat(cause, request)) throw errorOf(cause)
      }
      await delay(retryAfterMs.least + Math.random() * retryAfterMs.spread, undefined, {
        signal: request.signal,
      })
      try {
        return await sendOnce(request)
      } catch (cause) {
        request.signal.throwIfAborted()
        throw errorOf(cause)
      }
    },
    close: () => pool.destroy(),
  }
}

function bodyOf(body: UpstreamRequest['body']): Uint8Array | Readable | null {
  if (body === undefined || body instanceof Uint8Array) return body ?? null
  return Readable.from(body, { objectMode: false })
}

/** With `responseHeaders: 'raw'` undici gives names and values in turn, which its types do not say. */
function rawFields(headers: unknown): readonly string[] {
  assert(Array.isArray(headers), 'undici did not give raw header fields')
  return headers.map(String)
}

/** A body that is read from the client while it is sent cannot be sent again. */
function isSafeToRepeat(cause: unknown, request: UpstreamRequest): boolean {
  if (request.body !== undefined && !(request.body instanceof Uint8Array)) return false
  const code = errorCodeOf(cause) ?? ''
  if (beforeSending.has(code)) return true
  const isBrokenOff = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
  return isBrokenOff && idempotent.has(request.method)
}

function upstreamError(cause: unknown, name: string, options: UpstreamOptions): AppError {
  if (cause instanceof AppError) return cause
  const code = errorCodeOf(cause) ?? ''
  const late = (step: string, timeoutMs: number): AppError =>
    appError('upstream.timeout', { upstream: name, step, seconds: timeoutMs / 1000 }, cause)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return late('accept a connection', options.connectTimeoutMs)
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return late('begin to answer', options.answerTimeoutMs)
  if (code === 'UND_ERR_BODY_TIMEOUT') return late('go on with its answer', options.silenceTimeoutMs)
  const problem = cause instanceof Error ? cause.message || code : String(cause)
  const isUnreachable = beforeSending.has(code) || /CERT|TLS|SSL|SELF_SIGNED/.test(code)
  const errorCode = isUnreachable ? 'upstream.unreachable' : 'upstream.broken-off'
  return appError(errorCode, { upstream: name, problem }, cause)
}
