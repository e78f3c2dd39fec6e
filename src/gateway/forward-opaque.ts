/** Forwards what Shoal does not understand, byte for byte and without holding it, and keeps a copy of the text. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { appError } from '../base/errors.ts'
import { explain } from '../route/reasons.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  beginExchange,
  callOf,
  type Exchange,
  keepBeforeAnswer,
  type Standing,
  shoalFields,
} from './exchange.ts'
import { handlerError } from './failures.ts'
import { clientFields, fieldOf } from './header-fields.ts'
import { type KeptBody, keptBody } from './kept-body.ts'
import { clientSignal, relay } from './relay.ts'
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
  state.forwarding++
  try {
    const answer = await upstream.send({
      method: request.method ?? 'GET',
      path: request.url ?? '',
      headers: request.rawHeaders,
      plainEncoding: false,
      body: hasBody ? tapped(request, sent) : undefined,
      signal,
    })
    await passOn(context, exchange, { answer, signal, sentText: sent.text })
  } catch (cause) {
    const error = signal.aborted
      ? appError('request.client-left', {}, cause)
      : handlerError(context.log, upstream, cause)
    answerError(context, exchange, standing, error)
  } finally {
    state.forwarding--
  }
}

async function* tapped(request: IncomingMessage, copy: KeptBody): AsyncGenerator<Buffer> {
  for await (const chunk of request) {
    copy.push(chunk)
    yield chunk
  }
}

interface Passing {
  readonly answer: UpstreamAnswer
  readonly signal: AbortSignal
  readonly sentText: () => Promise<string | undefined>
}

async function passOn(context: GatewayContext, exchange: Exchange, passing: Passing): Promise<void> {
  const { answer, signal } = passing
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
