/** `GET /v1/models`: the upstream's list, the tasks as models of the name `shoal/TASK`, and the base encoders. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tryParseJson } from '../base/json.ts'
import { modelListSchema } from '../wire/openai-chat.ts'
import type { GatewayContext } from './context.ts'
import {
  answerError,
  beginExchange,
  callOf,
  cutOff,
  type Exchange,
  exchangeSignal,
  keepBeforeAnswer,
  type Standing,
  shoalFields,
} from './exchange.ts'
import { handlerError } from './failures.ts'
import { clientFields } from './header-fields.ts'

const standing: Standing = { reason: 'opaque', servedBy: 'upstream', streaming: false }

interface ListAnswer {
  readonly status: number
  readonly fields: readonly string[]
  readonly body: Buffer
}

/** Answers with the list; an upstream that does not give one has its answer passed on as it is. */
export async function handleModels(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const exchange = beginExchange(context, request, response, 'opaque')
  const { signal, release } = exchangeSignal(exchange)
  try {
    const { status, fields, body } = await listModels(context, exchange, signal)
    const call = callOf(context, exchange, standing, { status, response: body.toString() })
    await keepBeforeAnswer(context, call)
    const length = ['content-length', String(body.length)]
    response.writeHead(status, [...fields, ...length, ...shoalFields(context, exchange, standing)])
    response.end(body)
  } catch (cause) {
    const error = signal.aborted
      ? cutOff(exchange, cause)
      : handlerError(context.log, context.upstream, cause)
    answerError(context, exchange, standing, error)
  } finally {
    release()
  }
}

async function listModels(
  context: GatewayContext,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<ListAnswer> {
  const { upstream } = context
  const { request } = exchange
  if (!upstream) {
    const body = Buffer.from(JSON.stringify({ object: 'list', data: ownModels(context) }))
    return { status: 200, fields: ['content-type', 'application/json'], body }
  }
  const answer = await upstream.send({
    method: 'GET',
    path: request.url ?? '',
    headers: request.rawHeaders,
    plainEncoding: true,
    body: undefined,
    signal,
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const list = answer.status === 200 ? withOwnModels(body.toString(), context) : undefined
  return {
    status: answer.status,
    fields: clientFields(answer.headers, { keepLength: false }),
    body: list === undefined ? body : Buffer.from(list),
  }
}

/** The list with this machine's models at its end; `undefined` where the text is no list of models. */
function withOwnModels(text: string, context: GatewayContext): string | undefined {
  const list = modelListSchema.safeParse(tryParseJson(text)).data
  return list && JSON.stringify({ ...list, data: [...list.data, ...ownModels(context)] })
}

/** The tasks, and the base encoders that embeddings can be asked of. */
function ownModels({ tasks, embedders }: GatewayContext): readonly object[] {
  return [...tasks.book.ids, ...embedders.names()].map((name) => ({
    id: `shoal/${name}`,
    object: 'model',
    created: 0,
    owned_by: 'shoal',
  }))
}
