/** The stand-in upstream: an OpenAI-shaped server on loopback that knows the corpus's labels and waits a stated time. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { assert } from '../../base/errors.ts'
import { isJsonObject, type Json, tryParseJson } from '../../base/json.ts'
import type { OutsideData } from './outside.ts'
import { answerFor, demoModel, mailIn } from './prompt.ts'

export interface StandIn {
  /** Base URL for an OpenAI client, ending in `/v1`. */
  readonly url: string
}

/** Starts it on a free port of loopback; it lives as long as its thread. */
export async function startStandIn(data: OutsideData): Promise<StandIn> {
  const labels = new Map(data.mails.map((mail) => [mail.text, mail.label]))
  const server = createServer((request, response) => {
    answer(request, response, labels, data.standInLatencyMs).catch((cause) => response.destroy(cause))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null, 'the stand-in has no port')
  return { url: `http://127.0.0.1:${address.port}/v1` }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  labels: ReadonlyMap<string, 'ham' | 'spam'>,
  latencyMs: number,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  await wait(latencyMs)
  if (request.url === '/v1/models')
    return sendJson(response, 200, {
      object: 'list',
      data: [{ id: demoModel, object: 'model', owned_by: 'stand-in' }],
    })
  const body = tryParseJson(Buffer.concat(chunks).toString('utf8'))
  const asked = lastMessageOf(body)
  const label = labels.get(mailIn(asked) ?? '')
  const content = label ? answerFor(label) : 'I am a stand-in: I only know the mails of the demonstration.'
  const usage = usageOf(JSON.stringify(body ?? null), content)
  if (isJsonObject(body) && body['stream'] === true) return sendStream(response, content, usage)
  sendJson(response, 200, {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: demoModel,
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
    usage,
  })
}

/** Tokens by a stated rule, since the stand-in has no tokenizer: four characters a token. */
function usageOf(request: string, answer: string): { [key: string]: Json } {
  const [prompt, completion] = [Math.ceil(request.length / 4), Math.ceil(answer.length / 4)]
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

function lastMessageOf(body: Json | undefined): string {
  const messages = isJsonObject(body) && Array.isArray(body['messages']) ? body['messages'] : []
  const last: Json | undefined = messages.at(-1)
  return isJsonObject(last) && typeof last['content'] === 'string' ? last['content'] : ''
}

function sendJson(response: ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function sendStream(response: ServerResponse, content: string, usage: Json): void {
  const head = {
    id: 'chatcmpl-stand-in',
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1000),
    model: demoModel,
  }
  const chunk = (delta: Json, finish: string | null, extra: { [key: string]: Json } = {}): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }], ...extra })}\n\n`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(chunk({ role: 'assistant', content: '' }, null))
  response.write(chunk({ content }, null))
  response.write(chunk({}, 'stop', { usage }))
  response.end('data: [DONE]\n\n')
}
