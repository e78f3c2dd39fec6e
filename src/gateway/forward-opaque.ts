/** Forwards what Shoal does not understand, byte for byte, and keeps a copy of the text. Only JSON that may have to be sent again is held. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../base/errors.ts'
import { explain } from '../route/reasons.ts'
import { wireErrorEvent } from '../wire/wire-error.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  answeredBy,
  beginExchange,
  callOf,
  type Exchange,
  errorShapeOf,
  keepAfterwards,
  keepBeforeAnswer,
  type Standing,
  shoalFields,
} from './exchange.ts'
import { handlerError } from './failures.ts'
import { clientFields, fieldOf } from './header-fields.ts'
import { keptBody } from './kept-body.ts'
import { clientSignal, relay } from './relay.ts'
import { sendableBody } from './request-body.ts'
import type { UpstreamAnswer } from './upstream.ts'

const standing: Standing = { reason: 'opaque', servedBy: 'upstream', streaming: false }

/** Forwards a request; answers the client in every case and never rejects. */
export async function forwardOpaque(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange = beginExchange(context, request, response, 'opaque')
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
  const signal = clientSignal(response)
  const hasBody =
    Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined
  const sent = keptBody(request.rawHeaders, { limitBytes: context.keptLimitBytes })
  let answer: UpstreamAnswer | undefined
  state.forwarding++
  try {
    answer = await upstream.send({
      method: request.method ?? 'GET',
      path: request.url ?? '',
      headers: request.rawHeaders,
      plainEncoding: false,
      body: hasBody
        ? await sendableBody(request, { limitBytes: context.bodyLimitBytes, onChunk: sent.push })
        : undefined,
      signal,
    })
    await passOn(context, exchange, {
      answer,
      signal,
      sentText: sent.text,
      standing: answeredBy(standing, answer),
    })
  } catch (cause) {
    const error = signal.aborted
      ? appError('request.client-left', {}, cause)
      : handlerError(context.log, upstream, cause)
    if (answer && response.headersSent && isEventStream(answer)) endBroken(context, exchange, error)
    else answerError(context, exchange, standing, error)
  } finally {
    state.forwarding--
  }
}

function isEventStream({ headers }: UpstreamAnswer): boolean {
  return /^text\/event-stream/i.test(fieldOf(headers, 'content-type') ?? '')
}

/** A stream that breaks off ends with an error event, so that half an answer does not look like a whole one. */
function endBroken(context: GatewayContext, exchange: Exchange, error: AppError): void {
  const { request, response } = exchange
  keepAfterwards(context, callOf(context, exchange, standing, { status: error.status, error: error.code }))
  if (!response.destroyed) response.end(wireErrorEvent(error, errorShapeOf(request)))
}

interface Passing {
  readonly standing: Standing
  readonly answer: UpstreamAnswer
  readonly signal: AbortSignal
  readonly sentText: () => Promise<string | undefined>
}

async function passOn(context: GatewayContext, exchange: Exchange, passing: Passing): Promise<void> {
  const { answer, signal, standing } = passing
  const { response } = exchange
  const received = keptBody(answer.headers, { limitBytes: context.keptLimitBytes })
  const lengthBytes = Number(fieldOf(answer.headers, 'content-length') ?? Number.POSITIVE_INFINITY)
  let receivedBytes = 0
  let firstByteMs: number | undefined
  response.writeHead(answer.status, answer.statusText, [
    ...clientFields(answer.headers, { keepLength: true }),
    ...shoalFields(context, exchange, standing),
  ])
  response.flushHeaders()
  const held = await relay(answer.body, response, {
    signal,
    onChunk: (chunk) => {
      firstByteMs ??= context.clock.monotonicMs() - exchange.startMs
      received.push(chunk)
      receivedBytes += chunk.length
      return context.isStrict && receivedBytes >= lengthBytes
    },
  })
  const [requestText, text] = await Promise.all([passing.sentText(), received.text()])
  const call = callOf(context, exchange, standing, {
    status: answer.status,
    ...(requestText !== undefined && { requestText }),
    ...(text !== undefined && { response: text }),
    ...(firstByteMs !== undefined && { firstByteMs }),
  })
  await keepBeforeAnswer(context, call)
  for (const chunk of held) response.write(chunk)
  response.end()
}
