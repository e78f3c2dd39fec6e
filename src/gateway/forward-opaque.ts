/** Forwards what Shoal does not understand, byte for byte, and keeps a copy of the text. Only JSON that may have to be sent again is held. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../base/errors.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import { explain } from '../route/reasons.ts'
import { endUserOf } from '../trace/end-user.ts'
import type { Call } from '../wire/call.ts'
import { wireErrorEvent } from '../wire/wire-error.ts'
import { spendingRefusal, taskRefusal } from './access/access.ts'
import { type AnswerReading, answerReading, modelIn, wireOf } from './answer-reading.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  answeredBy,
  beginExchange,
  callOf,
  cutOff,
  type Exchange,
  errorShapeOf,
  exchangeSignal,
  keepAfterwards,
  keepBeforeAnswer,
  type Outcome,
  pathOf,
  type Standing,
  shoalFields,
} from './exchange.ts'
import { handlerError } from './failures.ts'
import { clientFields, fieldOf } from './header-fields.ts'
import { keptBody } from './kept-body.ts'
import { relay } from './relay.ts'
import { sendableBody } from './request-body.ts'
import type { UpstreamAnswer } from './upstream.ts'

const standing: Standing = { reason: 'opaque', servedBy: 'upstream', streaming: false }

/** Forwards a request, its body where it was read already; answers the client in every case and never rejects. */
export async function forwardOpaque(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
  body?: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const wire = wireOf(request.method ?? '', pathOf(request))
  const exchange = beginExchange(context, request, response, wire)
  const { upstream, state } = context
  if (!upstream)
    return answerError(
      context,
      exchange,
      standing,
      appError('upstream.none', { reason: explain(standing.reason) }),
    )
  if (state.forwarding >= context.maxForwarding)
    return answerError(context, exchange, standing, appError('gateway.busy', { count: state.forwarding }))
  const refusal = taskRefusal(exchange.key, undefined) ?? spendingRefusal(exchange.key)
  if (refusal) return answerError(context, exchange, standing, refusal)
  const { signal, release } = exchangeSignal(exchange)
  const hasBody =
    Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined
  // Read whole, also where it is too long to be kept: it says which model is paid and whose call it is.
  const sent = keptBody(request.rawHeaders, { limitBytes: context.bodyLimitBytes })
  let passing: Passing | undefined
  state.forwarding++
  try {
    const answer = await upstream.send({
      method: request.method ?? 'GET',
      path: request.url ?? '',
      headers: request.rawHeaders,
      // What is read on its way is asked for as it is meant.
      plainEncoding: wire !== 'opaque',
      body: hasBody
        ? await sendableBody(request, { limitBytes: context.bodyLimitBytes, onChunk: sent.push, from: body })
        : undefined,
      signal,
    })
    const { keptLimitBytes, bodyLimitBytes: readLimitBytes } = context
    passing = {
      answer,
      signal,
      sentText: sent.text,
      standing: { ...answeredBy(standing, answer), streaming: isEventStream(answer) },
      reading: answerReading(wire, answer.headers, { keptLimitBytes, readLimitBytes }),
      begun: {},
    }
    await passOn(context, exchange, passing)
  } catch (cause) {
    const error = signal.aborted ? cutOff(exchange, cause) : handlerError(context.log, upstream, cause)
    if (passing?.standing.streaming && response.headersSent)
      await endBroken(context, exchange, { error, passing })
    else answerError(context, exchange, standing, error)
  } finally {
    release()
    state.forwarding--
  }
}

function isEventStream({ headers }: UpstreamAnswer): boolean {
  return /^text\/event-stream/i.test(fieldOf(headers, 'content-type') ?? '')
}

/** A stream that breaks off ends with an error event, so that half an answer does not look like a whole one. */
async function endBroken(
  context: GatewayContext,
  exchange: Exchange,
  { error, passing }: { readonly error: AppError; readonly passing: Passing },
): Promise<void> {
  const { request, response } = exchange
  const ended = { status: error.status, error: error.code, ...passing.begun }
  keepAfterwards(context, await callOfPassing(context, exchange, { passing, ended }))
  if (!response.destroyed) response.end(wireErrorEvent(error, errorShapeOf(request)))
}

interface Passing {
  readonly standing: Standing
  readonly answer: UpstreamAnswer
  readonly signal: AbortSignal
  readonly sentText: () => Promise<string | undefined>
  readonly reading: AnswerReading
  /** Filled once something of the answer has come. */
  readonly begun: { firstByteMs?: number }
}

/** The call as it is kept, with what was read of its answer, whole or broken off. */
async function callOfPassing(
  context: GatewayContext,
  exchange: Exchange,
  { passing, ended }: { readonly passing: Passing; readonly ended: Outcome },
): Promise<Call> {
  const { sentText, reading, standing } = passing
  const [requestText, { text, usage, model: answered }] = await Promise.all([sentText(), reading.end()])
  const request =
    exchange.wire === 'opaque' || requestText === undefined ? undefined : tryParseJson(requestText)
  const asked = isJsonObject(request) ? modelIn(request) : undefined
  const model = standing.model ?? asked ?? answered
  const isKept = requestText !== undefined && Buffer.byteLength(requestText) <= context.keptLimitBytes
  const call = callOf(
    context,
    exchange,
    { ...standing, ...(model !== undefined && { model }) },
    {
      ...ended,
      ...(isKept && { requestText }),
      ...(text !== undefined && { response: text }),
      ...(usage && { usage }),
    },
  )
  const endUser = isKept ? undefined : endUserOf(requestText)
  return endUser === undefined ? call : { ...call, endUser }
}

async function passOn(context: GatewayContext, exchange: Exchange, passing: Passing): Promise<void> {
  const { answer, signal, standing, reading, begun } = passing
  const { response } = exchange
  const lengthBytes = Number(fieldOf(answer.headers, 'content-length') ?? Number.POSITIVE_INFINITY)
  let receivedBytes = 0
  response.writeHead(answer.status, answer.statusText, [
    ...clientFields(answer.headers, { keepLength: !standing.streaming }),
    ...shoalFields(context, exchange, standing),
  ])
  response.flushHeaders()
  const held = await relay(answer.body, response, {
    signal,
    onChunk: (chunk) => {
      begun.firstByteMs ??= context.clock.monotonicMs() - exchange.startMs
      reading.push(chunk)
      receivedBytes += chunk.length
      return context.isStrict && receivedBytes >= lengthBytes
    },
  })
  const ended = { status: answer.status, ...begun }
  await keepBeforeAnswer(context, await callOfPassing(context, exchange, { passing, ended }))
  for (const chunk of held) response.write(chunk)
  response.end()
}
