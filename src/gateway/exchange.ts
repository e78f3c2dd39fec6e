/** One request and its answer while they are under way, and how an answer is written and kept. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../base/errors.ts'
import type { CallId, ModelName, TaskId } from '../base/ids.ts'
import { newCallId } from '../base/ids.ts'
import type { Reason } from '../route/reasons.ts'
import type { Call, Usage, WireKind } from '../wire/call.ts'
import { type ErrorShape, wireErrorBody } from '../wire/wire-error.ts'
import type { HeldKey } from './access/keyring.ts'
import type { GatewayContext } from './context.ts'
import { type ClientSignal, clientSignal } from './relay.ts'
import { pathOfTarget } from './request-target.ts'
import type { UpstreamAnswer } from './upstream.ts'
import { requestFacts } from './upstreams/request-facts.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id: CallId
  readonly atMs: number
  /** On the monotonic clock. */
  readonly startMs: number
  readonly wire: WireKind
  /** The body as it came, where it was read whole. */
  readonly requestText?: string
  /** The key that the client showed. */
  readonly key?: HeldKey
}

/** What was decided for a call. */
export interface Standing {
  readonly reason: Reason
  readonly servedBy: string
  readonly task?: TaskId
  readonly model?: ModelName
  readonly streaming: boolean
  readonly confidence?: number
  readonly cpuMs?: number
  /** Name of the upstream that answered, and what was tried before it in vain. */
  readonly upstream?: string
  readonly tried?: readonly string[]
}

/** How a call ended. */
export interface Outcome {
  readonly status: number
  readonly requestText?: string
  readonly response?: string
  readonly usage?: Usage
  readonly firstByteMs?: number
  readonly error?: string
}

/** Begins an exchange. */
export function beginExchange(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
  wire: WireKind,
): Exchange {
  const atMs = context.clock.nowMs()
  const startMs = context.clock.monotonicMs()
  const key = context.access.keyOf(request)
  return { request, response, id: newCallId(atMs), atMs, startMs, wire, ...(key && { key }) }
}

/** Fires when the client has gone, and when its key was revoked. */
export function exchangeSignal({ response, key }: Exchange): ClientSignal {
  return clientSignal(response, key?.revoked)
}

/** The error of a call that its {@link exchangeSignal} ended. */
export function cutOff({ key }: Exchange, cause: unknown): AppError {
  return key?.revoked.aborted
    ? appError('key.revoked', {}, cause)
    : appError('request.client-left', {}, cause)
}

/** Shoal's own header fields: names and values in turn. */
export function shoalFields(context: GatewayContext, exchange: Exchange, standing: Standing): string[] {
  const fields = ['x-shoal-served-by', standing.servedBy, 'x-shoal-reason', standing.reason]
  fields.push('x-shoal-call-id', exchange.id)
  if (standing.confidence !== undefined) fields.push('x-shoal-confidence', standing.confidence.toFixed(4))
  if (standing.upstream !== undefined) fields.push('x-shoal-upstream', standing.upstream)
  if (standing.tried?.length) fields.push('x-shoal-tried', standing.tried.join(', '))
  if (context.state.isClosing) fields.push('connection', 'close')
  return fields
}

/** The call as it is kept. */
export function callOf(
  context: GatewayContext,
  exchange: Exchange,
  standing: Standing,
  outcome: Outcome,
): Call {
  const { request } = exchange
  const requestText = outcome.requestText ?? exchange.requestText
  return {
    id: exchange.id,
    atMs: exchange.atMs,
    method: request.method ?? '',
    path: pathOf(request),
    wire: exchange.wire,
    ...(standing.task !== undefined && { task: standing.task }),
    ...(standing.model !== undefined && { model: standing.model }),
    ...(standing.upstream !== undefined && { upstream: standing.upstream }),
    servedBy: standing.servedBy,
    reason: standing.reason,
    ...(standing.confidence !== undefined && { confidence: standing.confidence }),
    streaming: standing.streaming,
    status: outcome.status,
    ...(requestText !== undefined && { request: requestText }),
    ...(outcome.response !== undefined && { response: outcome.response }),
    ...(outcome.usage && { usage: outcome.usage }),
    latencyMs: context.clock.monotonicMs() - exchange.startMs,
    ...(outcome.firstByteMs !== undefined && { firstByteMs: outcome.firstByteMs }),
    ...(standing.cpuMs !== undefined && { cpuMs: standing.cpuMs }),
    ...(outcome.error !== undefined && { error: outcome.error }),
    ...(exchange.key && { key: exchange.key.record.id }),
  }
}

/** Keeps a call whose answer is not given yet: durably where that is asked for; throws `gateway.not-kept`. */
export async function keepBeforeAnswer(context: GatewayContext, call: Call): Promise<void> {
  if (!context.isStrict) {
    keepAfterwards(context, call)
    return
  }
  try {
    await context.recorder.recordDurably(call)
    context.metrics.countCall(call)
  } catch (cause) {
    context.log.error({ call: call.id, error: String(cause) }, 'a call could not be kept durably')
    throw appError(
      'gateway.not-kept',
      { problem: cause instanceof Error ? cause.message : String(cause) },
      cause,
    )
  }
}

/** Keeps a call whose answer was given already, or never will be. */
export function keepAfterwards(context: GatewayContext, call: Call): void {
  context.metrics.countCall(call)
  context.recorder.record(call)
}

/** Answers with an error in the wire's form and keeps the call; where the client has gone it is only kept. */
export function answerError(
  context: GatewayContext,
  exchange: Exchange,
  standing: Standing,
  error: AppError,
): void {
  const body = wireErrorBody(error, errorShapeOf(exchange.request))
  const { response } = exchange
  const outcome: Outcome = { status: error.status, response: body, error: error.code }
  keepAfterwards(context, callOf(context, exchange, standing, outcome))
  if (response.destroyed || response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(error.status, [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    ...(error.retryable && error.status === 503
      ? ['retry-after', String(error.details['seconds'] ?? 1)]
      : []),
    ...shoalFields(context, exchange, standing),
  ])
  response.end(body)
}

/** Whose clients a request comes from, and so in which form they read errors. */
export function errorShapeOf(request: IncomingMessage): ErrorShape {
  const path = pathOf(request)
  if (path === '/v1/responses') return 'openai-responses'
  return requestFacts({ method: request.method ?? '', path, headers: request.rawHeaders }).shape
}

/** The standing of a call that an upstream has answered: which one, and under which model, where it has another name there. */
export function answeredBy(standing: Standing, { upstream, tried, model }: UpstreamAnswer): Standing {
  return { ...standing, upstream, tried, ...(model !== undefined && { model: model as ModelName }) }
}

/** The path without its query, which may hold what must not be kept. */
export function pathOf(request: IncomingMessage): string {
  return pathOfTarget(request.url ?? '')
}
