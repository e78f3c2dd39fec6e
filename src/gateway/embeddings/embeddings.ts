/** `POST /v1/embeddings`: answered by a base encoder on this machine where the request names one, else forwarded. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, appError } from '../../base/errors.ts'
import type { ModelName } from '../../base/ids.ts'
import { type Json, tryParseJson } from '../../base/json.ts'
import type { Usage } from '../../wire/call.ts'
import {
  type EmbeddingsRequest,
  embeddingsBody,
  mostEmbeddingInputs,
  readEmbeddingsRequest,
} from '../../wire/openai-embeddings.ts'
import { taskRefusal } from '../access/access.ts'
import type { GatewayContext } from '../context.ts'
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
} from '../exchange.ts'
import { handlerError } from '../failures.ts'
import { forwardOpaque } from '../forward-opaque.ts'
import { sendableBody } from '../request-body.ts'
import type { Embedded, Embedder } from './embedders.ts'

const prefix = 'shoal/'

/** Answers or forwards; answers the client in every case and never rejects. */
export async function handleEmbeddings(
  context: GatewayContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (context.embedders.names().length === 0) return forwardOpaque(context, request, response)
  const exchange = beginExchange(context, request, response, 'opaque')
  try {
    const body = await sendableBody(request, { limitBytes: context.bodyLimitBytes, onChunk: () => {} })
    const value = body instanceof Uint8Array ? tryParseJson(Buffer.from(body).toString()) : undefined
    const name = nameIn(context, value)
    if (value === undefined || name === undefined)
      return await forwardOpaque(context, request, response, body)
    await answer(context, { ...exchange, requestText: JSON.stringify(value) }, { name, value })
  } catch (cause) {
    answerError(context, exchange, standingOf(), handlerError(context.log, undefined, cause))
  }
}

/** The base encoder that a request names, with or without `shoal/` before it. */
function nameIn({ embedders }: GatewayContext, value: Json | undefined): string | undefined {
  if (typeof value !== 'object' || value === null || !('model' in value)) return undefined
  const { model } = value
  if (typeof model !== 'string') return undefined
  const name = model.startsWith(prefix) ? model.slice(prefix.length) : model
  return embedders.names().includes(name) ? name : undefined
}

const standingOf = (name?: string): Standing => ({
  reason: name === undefined ? 'opaque' : 'base-encoder',
  servedBy: name === undefined ? 'upstream' : `${name} (base encoder)`,
  streaming: false,
  ...(name !== undefined && { model: name as ModelName }),
})

interface Asked {
  readonly name: string
  readonly value: Json
}

async function answer(context: GatewayContext, exchange: Exchange, { name, value }: Asked): Promise<void> {
  const standing = standingOf(name)
  const { signal, release } = exchangeSignal(exchange)
  try {
    const refusal = taskRefusal(exchange.key, undefined)
    if (refusal) throw refusal
    const read = readEmbeddingsRequest(value)
    if ('problem' in read) throw malformed(read.problem)
    const embedder = await context.embedders.find(name)
    if (!embedder) throw appError('embeddings.gone', { model: name })
    const embedded = await embed(embedder, read.request, signal)
    await give(context, exchange, { standing, request: read.request, embedder, embedded })
  } catch (cause) {
    const error = signal.aborted ? cutOff(exchange, cause) : handlerError(context.log, undefined, cause)
    answerError(context, exchange, standing, error)
  } finally {
    release()
  }
}

async function embed(embedder: Embedder, request: EmbeddingsRequest, signal: AbortSignal): Promise<Embedded> {
  const { dimensions, truncate } = request
  if (dimensions !== undefined && dimensions !== null && dimensions !== embedder.width)
    throw malformed(
      `dimensions: ${dimensions}, but ${embedder.name} makes vectors of ${embedder.width}; leave it out`,
    )
  return embedder.embed(textsOf(request), { truncate: truncate === true, signal })
}

function textsOf({ input }: EmbeddingsRequest): readonly string[] {
  const inputs = typeof input === 'string' ? [input] : input
  if (inputs.length === 0) throw malformed('input: an empty list; send at least one text')
  if (inputs.length > mostEmbeddingInputs)
    throw malformed(`input: ${inputs.length} texts; send at most ${mostEmbeddingInputs} in one request`)
  return inputs.map((text, at) => {
    if (typeof text !== 'string')
      throw malformed(
        "input: token ids, which are another model's; send texts (LangChain: check_embedding_ctx_length=False)",
      )
    if (text === '') throw malformed(`input.${at}: an empty text has no embedding; leave it out`)
    return text
  })
}

const malformed = (problem: string): AppError => appError('embeddings.malformed', { problem })

interface Giving {
  readonly standing: Standing
  readonly request: EmbeddingsRequest
  readonly embedder: Embedder
  readonly embedded: Embedded
}

async function give(context: GatewayContext, exchange: Exchange, giving: Giving): Promise<void> {
  const { standing, request, embedder, embedded } = giving
  const { vectors, tokens, truncated } = embedded
  const body = embeddingsBody({
    model: request.model,
    vectors,
    width: embedder.width,
    promptTokens: tokens,
    format: request.encoding_format ?? 'float',
  })
  const usage: Usage = { promptTokens: tokens, completionTokens: 0, source: 'reported' }
  await keepBeforeAnswer(context, callOf(context, exchange, standing, { status: 200, usage }))
  exchange.response.writeHead(200, [
    ...['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))],
    ...(truncated > 0 ? ['x-shoal-truncated', String(truncated)] : []),
    ...shoalFields(context, exchange, standing),
  ])
  exchange.response.end(body)
}
