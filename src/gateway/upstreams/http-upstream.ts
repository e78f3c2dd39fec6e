/** The connection to one upstream: pooled, with a limit on every wait. It sends once and judges nothing. */
import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { AppError, appError, assert } from '../../base/errors.ts'
import { errorCodeOf } from '../../base/files.ts'
import { upstreamFields } from '../header-fields.ts'
import type { UpstreamRequest } from '../upstream.ts'
import type { AbortEmitter } from './abort-emitter.ts'
import type { FailureKind } from './failure.ts'
import type { MemberSettings } from './settings.ts'

/** What came back, its body not read yet. */
export interface RawAnswer {
  readonly status: number
  readonly statusText: string
  /** Names and values in turn, as the upstream sent them. */
  readonly headers: readonly string[]
  readonly body: Readable & { arrayBuffer(): Promise<ArrayBuffer> }
}

export interface HttpUpstream {
  /** Its address without user or query, for messages. */
  readonly address: string
  /** Sends once; throws whatever the connection throws. */
  send(request: UpstreamRequest, options: SendOptions): Promise<RawAnswer>
  /** The error of the table for a failure of this connection. */
  errorOf(cause: unknown): AppError
  close(): Promise<void>
}

export interface SendOptions {
  readonly body: UpstreamRequest['body']
  /** Whether a client's own key may go there. */
  readonly seesClientKey: boolean
  readonly signal: AbortEmitter
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

/** A pool of connections; connects with the first request. `limitMs`: the longest wait that any call may have. */
export function createHttpUpstream(
  settings: MemberSettings,
  options: { readonly limitMs: number },
): HttpUpstream {
  const { url } = settings
  const basePath = url.pathname.replace(/\/+$/, '')
  const address = url.origin + basePath
  const pool = new Pool(url.origin, {
    connect: { timeout: settings.connectTimeoutMs },
    headersTimeout: settings.answerTimeoutMs ?? options.limitMs,
    bodyTimeout: settings.silenceTimeoutMs,
  })
  return {
    address,
    send: async (request, { body, seesClientKey, signal }) => {
      const answer = await pool.request({
        method: request.method as 'POST',
        path: basePath + request.path.slice('/v1'.length),
        headers: upstreamFields(request.headers, {
          shape: settings.shape,
          ...(settings.apiKey !== undefined && { apiKey: settings.apiKey }),
          clientKey: seesClientKey ? clientKeyRule(settings) : 'dropped',
          keepLength: !(body instanceof Uint8Array),
          keepEncodings: !request.plainEncoding,
        }),
        body: bodyOf(body),
        signal,
        responseHeaders: 'raw',
      })
      return {
        status: answer.statusCode,
        statusText: answer.statusText,
        headers: rawFields(answer.headers),
        body: answer.body,
      }
    },
    errorOf: (cause) => upstreamError(cause, address, { ...settings, limitMs: options.limitMs }),
    close: () => pool.destroy(),
  }
}

/** A configured key of a named upstream is the gateway's to use; without one the client brings its own. */
function clientKeyRule({ keys, apiKey }: MemberSettings): 'kept' | 'dropped' {
  return keys === 'configured' && apiKey !== undefined ? 'dropped' : 'kept'
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

/** What kind of failure an error of a connection is. */
export function failureKindOf(cause: unknown): FailureKind {
  const code = errorCodeOf(cause) ?? ''
  if (beforeSending.has(code) || isOfTls(code)) return 'unreachable'
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'timeout'
  if (code === 'upstream.timeout') return 'timeout'
  if (code === 'upstream.malformed' || isNotHttp(code)) return 'malformed'
  return 'broken-off'
}

function isOfTls(code: string): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED/.test(code)
}

function isNotHttp(code: string): boolean {
  return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW'
}

interface Limits {
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs?: number
  readonly silenceTimeoutMs: number
  readonly limitMs: number
}

function upstreamError(cause: unknown, upstream: string, limits: Limits): AppError {
  if (cause instanceof AppError) return cause
  const code = errorCodeOf(cause) ?? ''
  const late = (step: string, timeoutMs: number): AppError =>
    appError('upstream.timeout', { upstream, step, seconds: timeoutMs / 1000 }, cause)
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return late('accept a connection', limits.connectTimeoutMs)
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return late('begin to answer', limits.answerTimeoutMs ?? limits.limitMs)
  if (code === 'UND_ERR_BODY_TIMEOUT') return late('go on with its answer', limits.silenceTimeoutMs)
  const problem = cause instanceof Error ? cause.message || code : String(cause)
  if (isNotHttp(code)) return appError('upstream.not-http', { upstream, problem }, cause)
  const isUnreachable = beforeSending.has(code) || isOfTls(code)
  return appError(
    isUnreachable ? 'upstream.unreachable' : 'upstream.broken-off',
    { upstream, problem },
    cause,
  )
}
