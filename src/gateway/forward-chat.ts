/** Forwards a chat call to the upstream and its answer to the client, plain or streamed, and keeps both. */
import { type AppError, appError } from '../base/errors.ts'
import { reportedUsage } from '../meter/usage.ts'
import { explain } from '../route/reasons.ts'
import { chatAssembler } from '../wire/chat-stream.ts'
import { chatResponseSchema } from '../wire/openai-chat.ts'
import { sseReader } from '../wire/sse.ts'
import { wireErrorEvent } from '../wire/wire-error.ts'
import { spendingRefusal } from './access/access.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  answeredBy,
  callOf,
  cutOff,
  type Exchange,
  exchangeSignal,
  keepAfterwards,
  keepBeforeAnswer,
  type Outcome,
  type Standing,
  shoalFields,
} from './exchange.ts'
import { handlerError } from './failures.ts'
import { clientFields } from './header-fields.ts'
import { relay } from './relay.ts'
import type { Upstream, UpstreamAnswer, WholeBody } from './upstream.ts'
import { sendAsking, withoutUsage } from './usage-asking.ts'

/** An answer under way; `isHidden`: it reports usage that the client did not ask for. */
interface Answered extends Forwarding {
  readonly isHidden: boolean
}

interface Forwarding {
  readonly context: GatewayContext
  readonly exchange: Exchange
  readonly standing: Standing
  readonly upstream: Upstream
  readonly signal: AbortSignal
}

/** Forwards the body; answers the client in every case and never rejects. */
export async function forwardChat(
  context: GatewayContext,
  exchange: Exchange,
  standing: Standing,
  options: {
    readonly body: Buffer /** True: a stream whose usage the client did not ask for. */
    readonly hidesUsage?: boolean
  },
): Promise<void> {
  const { upstream, state } = context
  const reason = explain(standing.reason)
  if (!upstream) return answerError(context, exchange, standing, appError('upstream.none', { reason }))
  if (state.forwarding >= context.maxForwarding)
    return answerError(context, exchange, standing, appError('gateway.busy', { count: state.forwarding }))
  const unpaid = spendingRefusal(exchange.key)
  if (unpaid) return answerError(context, exchange, standing, unpaid)
  const { signal, release } = exchangeSignal(exchange)
  const forwarding = { context, exchange, standing, upstream, signal }
  state.forwarding++
  try {
    const send = (body: Uint8Array): Promise<UpstreamAnswer> =>
      upstream.send({
        method: 'POST',
        path: exchange.request.url ?? '',
        headers: exchange.request.rawHeaders,
        plainEncoding: standing.streaming,
        body,
        signal: forwarding.signal,
        ...(standing.reason !== 'opaque' && { streaming: standing.streaming }),
      })
    const { body, hidesUsage = false } = options
    const { answer, isHidden } = hidesUsage
      ? await sendAsking(context.usageAsking, { body, model: standing.model, send })
      : { answer: await send(body), isHidden: false }
    const answered = { ...forwarding, standing: answeredBy(standing, answer), isHidden }
    await (answer.whole ? passWhole(answered, answer, answer.whole) : passStream(answered, answer))
  } catch (cause) {
    const error = forwarding.signal.aborted
      ? cutOff(exchange, cause)
      : handlerError(context.log, upstream, cause)
    answerError(context, exchange, standing, error)
  } finally {
    release()
    state.forwarding--
  }
}

/** An answer in one piece was read and checked before the client sees any of it. */
async function passWhole(
  { context, exchange, standing }: Forwarding,
  answer: UpstreamAnswer,
  { bytes, text, value }: WholeBody,
): Promise<void> {
  const usage = reportedUsage(chatResponseSchema.safeParse(value).data?.usage)
  const call = callOf(context, exchange, standing, {
    status: answer.status,
    ...(text !== undefined && { response: text }),
    ...(usage && { usage }),
  })
  await keepBeforeAnswer(context, call)
  const { response } = exchange
  response.writeHead(answer.status, answer.statusText, [
    ...clientFields(answer.headers, { keepLength: false }),
    'content-length',
    String(bytes.length),
    ...shoalFields(context, exchange, standing),
  ])
  response.end(bytes)
}

/** A streamed answer goes on as it comes, and is put together again for keeping. */
async function passStream(forwarding: Answered, answer: UpstreamAnswer): Promise<void> {
  const { context, exchange, standing, upstream, signal, isHidden } = forwarding
  const { response } = exchange
  const assembler = chatAssembler()
  const reader = sseReader({ onData: assembler.push, maxEventChars: context.keptLimitBytes })
  let firstByteMs: number | undefined
  const outcome = (status: number, error?: AppError): Outcome => {
    const text = assembler.text()
    const usage = reportedUsage(assembler.usage())
    return {
      status,
      ...(text !== undefined && { response: text }),
      ...(usage && { usage }),
      ...(firstByteMs !== undefined && { firstByteMs }),
      ...(error && { error: error.code }),
    }
  }
  response.writeHead(answer.status, answer.statusText, [
    // An error event may follow what the upstream has counted.
    ...clientFields(answer.headers, { keepLength: false }),
    ...shoalFields(context, exchange, standing),
  ])
  const onChunk = (chunk: Uint8Array): void => {
    firstByteMs ??= context.clock.monotonicMs() - exchange.startMs
    reader.push(chunk)
  }
  const maxEventBytes = context.keptLimitBytes
  const body = isHidden ? withoutUsage(answer.body, { onChunk, maxEventBytes }) : answer.body
  try {
    const held = await relay(body, response, {
      signal,
      onChunk: (chunk) => {
        if (!isHidden) onChunk(chunk)
        return context.isStrict && assembler.isDone
      },
    })
    await keepBeforeAnswer(context, callOf(context, exchange, standing, outcome(answer.status)))
    for (const chunk of held) response.write(chunk)
    response.end()
  } catch (cause) {
    const error = signal.aborted ? cutOff(exchange, cause) : handlerError(context.log, upstream, cause)
    endBroken(forwarding, error, outcome(error.status, error))
  }
}

/** An error inside a stream is one more event, as OpenAI's clients expect it, and no `[DONE]`. */
function endBroken({ context, exchange, standing }: Forwarding, error: AppError, outcome: Outcome): void {
  if (error.code !== 'gateway.not-kept') keepAfterwards(context, callOf(context, exchange, standing, outcome))
  if (exchange.response.destroyed) return
  exchange.response.end(wireErrorEvent(error, 'openai'))
}
