/** `GET /v1/models`: the upstream's list and the tasks, which are models of the name `shoal/TASK`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tryParseJson } from '../base/json.ts'
import type { TaskBook } from '../route/recognise.ts'
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
  const { upstream, tasks } = context
  const { request } = exchange
  if (!upstream) {
    const body = Buffer.from(JSON.stringify({ object: 'list', data: taskModels(tasks.book) }))
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
  const list = answer.status === 200 ? withTaskModels(body.toString(), tasks.book) : undefined
  return {
    status: answer.status,
    fields: clientFields(answer.headers, { keepLength: false }),
    body: list === undefined ? body : Buffer.from(list),
  }
}

/** The list with the tasks at its end; `undefined` where the text is no list of models. */
function withTaskModels(text: string, book: TaskBook): string | undefined {
  const list = modelListSchema.safeParse(tryParseJson(text)).data
  return list && JSON.stringify({ ...list, data: [...list.data, ...taskModels(book)] })
}

function taskModels(book: TaskBook): readonly object[] {
  return book.ids.map((task) => ({ id: `shoal/${task}`, object: 'model', created: 0, owned_by: 'shoal' }))
}
