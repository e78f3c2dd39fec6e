/** Asking a web server for a file: redirects followed a few times, never to http, and a token shown only to the server it is for. */
import type { Readable } from 'node:stream'
import { type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici'
import { AppError, appError, throwIfCancelled } from '../../base/errors.ts'
import type { SourceContext } from './file-tree.ts'
import { isLoopback, shownUrl } from './source.ts'

export interface WebRequest {
  readonly url: URL
  /** Sent to the server of `url` alone, as `Authorization: Bearer`. */
  readonly token?: string
  /** True where the user chose a server that speaks http. */
  readonly plainHttp?: boolean
}

export interface WebAnswer {
  readonly status: number
  /** A header's text, by its lower-case name. */
  header(name: string): string | undefined
  readonly body: Readable & Dispatcher.ResponseData['body']
}

/** Why no answer came, where asking again may help. */
export interface Unanswered {
  readonly problem: string
}

const mostRedirects = 5
const usualIdleMs = 30_000

/** Asks once; what a second attempt may mend comes back as a problem, anything else is thrown. */
export async function ask(
  wanted: WebRequest,
  headers: Readonly<Record<string, string>>,
  context: SourceContext,
): Promise<WebAnswer | Unanswered> {
  let url = wanted.url
  for (let redirects = 0; ; redirects++) {
    const answer = await askOnce({ ...wanted, url }, { wanted, headers, context })
    if ('problem' in answer) return answer
    const location = answer.status >= 300 && answer.status < 400 ? answer.header('location') : undefined
    if (location === undefined) return judged(answer, wanted)
    discard(answer)
    if (redirects === mostRedirects) throw failed(wanted, `it redirected more than ${mostRedirects} times`)
    url = redirected(url, location, wanted)
  }
}

async function askOnce(
  { url }: WebRequest,
  how: {
    readonly wanted: WebRequest
    readonly headers: Readonly<Record<string, string>>
    readonly context: SourceContext
  },
): Promise<WebAnswer | Unanswered> {
  const { wanted, context } = how
  const idleMs = context.idleMs ?? usualIdleMs
  const isOwn = url.origin === wanted.url.origin
  try {
    const { statusCode, headers, body } = await send(url, {
      headers: {
        'user-agent': 'shoal',
        // Bytes as they lie there: ranges of a compressed form could not be joined.
        'accept-encoding': 'identity',
        ...how.headers,
        ...(isOwn && wanted.token ? { authorization: `Bearer ${wanted.token}` } : {}),
      },
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      ...(context.signal && { signal: context.signal }),
      ...(wantsProxy(context.environment) && { dispatcher: new EnvHttpProxyAgent() }),
    })
    const header = (name: string): string | undefined => {
      const value = headers[name]
      return Array.isArray(value) ? value[0] : value
    }
    return { status: statusCode, header, body }
  } catch (cause) {
    throwIfCancelled(context.signal, `downloading ${shownUrl(wanted.url)}`)
    return { problem: networkProblem(cause) }
  }
}

function wantsProxy(environment: SourceContext['environment']): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => environment[name])
}

function redirected(from: URL, location: string, wanted: WebRequest): URL {
  if (!URL.canParse(location, from.href)) throw failed(wanted, 'it redirected to what is no address')
  const url = new URL(location, from)
  // No server elsewhere sends us to what listens on this machine.
  const isLocal = isLoopback(from) && isLoopback(url)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (isLocal || wanted.plainHttp))) return url
  throw failed(wanted, `it redirected to ${url.protocol}//${url.host}, and only https is followed`)
}

function judged(answer: WebAnswer, wanted: WebRequest): WebAnswer | Unanswered {
  const { status } = answer
  if (status === 200 || status === 206 || status === 416) return answer
  discard(answer)
  const source = shownUrl(wanted.url)
  if (status === 404 || status === 410)
    throw appError('source.not-found', { source, problem: `it answered ${status}` })
  if (status === 401 || status === 403) throw appError('source.forbidden', { source, status })
  if (status === 408 || status === 429 || status >= 500) return { problem: `it answered ${status}` }
  throw failed(wanted, `it answered ${status}`)
}

/** Lets go of an answer that is not read. */
export function discard({ body }: WebAnswer): void {
  body.on('error', () => {})
  body.destroy()
}

/** Reads a JSON answer of at most 16 MiB; throws `source.unreachable`. */
export async function askJson(wanted: WebRequest, context: SourceContext): Promise<unknown> {
  const answer = await ask(wanted, { accept: 'application/json' }, context)
  if ('problem' in answer) throw failed(wanted, answer.problem)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > 2 ** 24) throw failed(wanted, 'its answer is longer than 16 MiB')
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throwIfCancelled(context.signal, `asking ${shownUrl(wanted.url)}`)
    throw cause instanceof AppError ? cause : failed(wanted, networkProblem(cause))
  }
}

/** The error for a server that does not give what was asked for. */
export function failed(wanted: WebRequest, problem: string, cause?: unknown): Error {
  return appError('source.unreachable', { source: shownUrl(wanted.url), problem }, cause)
}

/** Why a connection failed, without the address, in which a token may be. */
export function networkProblem(cause: unknown): string {
  const error = cause instanceof AggregateError ? cause.errors[0] : cause
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const known: Readonly<Record<string, string>> = {
    UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
    UND_ERR_BODY_TIMEOUT: 'it stopped sending',
    UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
    UND_ERR_SOCKET: 'it closed the connection',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'it sent another length than it said',
    ENOTFOUND: 'its name is not known here',
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'it closed the connection',
    SyntaxError: 'its answer is no JSON',
  }
  return known[code] ?? code
}
