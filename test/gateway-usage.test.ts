/** Usage of streamed chat calls that did not ask for it, against upstreams that do not play along. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { meterCall } from '../src/meter/ledger-row.ts'
import { listPrices } from '../src/meter/prices.ts'
import { usageOfCall } from '../src/meter/usage.ts'
import { ask } from './support/ask.ts'
import { startTestGateway, type TestGateway } from './support/test-gateway.ts'

const piece = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`
const chunk = (content: string, more: object = {}): string =>
  piece({
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'm',
    choices: [{ index: 0, delta: { content } }],
    ...more,
  })
const done = 'data: [DONE]\n\n'
const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }

let answer: (body: string, response: ServerResponse) => void
let seen: string[] = []
let server: Server
let gateway: TestGateway

beforeAll(async () => {
  server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const part of request) chunks.push(part)
    const body = Buffer.concat(chunks).toString()
    seen.push(body)
    answer(body, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  gateway = await startTestGateway({ upstreamUrl: new URL(`http://127.0.0.1:${port}/v1`) })
})
beforeEach(() => {
  seen = []
  gateway.calls.length = 0
})
afterAll(async () => {
  await gateway.close()
  server.closeAllConnections()
  server.close()
})

let models = 0
/** A streamed call of a model of its own, since a refusal is remembered for a model. */
const streamedCall = (model = `m${models++}`): string =>
  `{"model":"${model}", "stream":true,"messages":[{"role":"user","content":"Why?"}] }`
const stream = (response: ServerResponse, ...parts: readonly string[]): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(parts.join(''))
}

test('usage is asked for and hidden: the client sees the stream of its own request', async () => {
  answer = (_, response) =>
    stream(
      response,
      chunk('a', { usage: null }),
      chunk('b', { usage: null }),
      piece({ choices: [], usage }),
      done,
    )
  const body = streamedCall()
  const { text } = await ask(gateway.url, body)
  expect(text).toBe(chunk('a') + chunk('b') + done)
  expect(seen).toEqual([body.replace('{', '{"stream_options":{"include_usage":true},')])
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]!.usage).toMatchObject({ promptTokens: 7, completionTokens: 2, source: 'reported' })
  expect(gateway.calls[0]!.request).toBe(body)
})

test('a length that the upstream said of its stream is not said of the shorter one', async () => {
  answer = (_, response) => {
    const text = chunk('a') + piece({ choices: [], usage }) + done
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'content-length': Buffer.byteLength(text),
    })
    response.end(text)
  }
  const { text, headers } = await ask(gateway.url, streamedCall())
  expect(text).toBe(chunk('a') + done)
  expect(headers.get('content-length')).toBeNull()
})

test('an upstream that refuses the option gets the body as the client wrote it, and is not asked again', async () => {
  answer = (body, response) => {
    if (!body.includes('stream_options')) return stream(response, chunk('a'), done)
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end('{"error":{"message":"unknown field stream_options"}}')
  }
  const body = streamedCall('old')
  for (let round = 0; round < 2; round++) {
    const { status, text } = await ask(gateway.url, body)
    expect([status, text]).toEqual([200, chunk('a') + done])
  }
  expect(seen.map((sent) => sent.includes('stream_options'))).toEqual([true, false, false])
  await expect.poll(() => gateway.calls.length).toBe(2)
  expect(gateway.calls[0]).not.toHaveProperty('usage')
  expect(usageOfCall(gateway.calls[0]!)).toEqual({
    promptTokens: 5,
    completionTokens: 1,
    source: 'counted',
    countedBy: 'bytes',
  })
})

test("a request that is wrong itself gets the upstream's words about it, and is no reason to stop asking", async () => {
  answer = (body, response) => {
    if (body.includes('"fine"')) return stream(response, chunk('a'), piece({ choices: [], usage }), done)
    response.writeHead(400, { 'content-type': 'application/json' })
    response.end(`{"error":{"message":"no such parameter, of ${body.length} bytes"}}`)
  }
  const body = streamedCall('wrong')
  const refused = await ask(gateway.url, body)
  expect([refused.status, refused.error?.message]).toEqual([
    400,
    `no such parameter, of ${body.length} bytes`,
  ])
  expect((await ask(gateway.url, body.replace('Why?', 'fine'))).status).toBe(200)
  expect(seen.at(-1)).not.toBe(body)
})

test('usage that an upstream gives unasked beside its last words stays where it is', async () => {
  const last = chunk('b', { usage })
  answer = (_, response) => stream(response, chunk('a'), last, done)
  const { text } = await ask(gateway.url, streamedCall())
  expect(text).toBe(chunk('a') + last + done)
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]!.usage).toMatchObject({ promptTokens: 7 })
})

test('a client that asks itself sees everything', async () => {
  const text = chunk('a', { usage: null }) + piece({ choices: [], usage }) + done
  answer = (_, response) => stream(response, text)
  const body = streamedCall().replace(
    '"stream":true',
    '"stream":true,"stream_options":{"include_usage":true}',
  )
  expect((await ask(gateway.url, body)).text).toBe(text)
  expect(seen).toEqual([body])
})

test('a lying upstream is not believed: its tokens are counted', async () => {
  const lie = { prompt_tokens: -5, completion_tokens: 1e12, total_tokens: 0 }
  answer = (_, response) => stream(response, chunk('a'), piece({ choices: [], usage: lie }), done)
  expect((await ask(gateway.url, streamedCall())).text).toBe(chunk('a') + done)
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]).not.toHaveProperty('usage')
  expect(usageOfCall(gateway.calls[0]!)).toMatchObject({ source: 'counted' })
})

test('a message that breaks off in mid-stream keeps the tokens that were said', async () => {
  const event = (value: { type: string; [name: string]: unknown }): string =>
    `event: ${value.type}\n${piece(value)}`
  const started = {
    type: 'message',
    id: 'm',
    model: 'claude-x',
    content: [],
    usage: { input_tokens: 9, output_tokens: 1 },
  }
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(event({ type: 'message_start', message: started }))
    response.write(
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    )
    response.write(
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'half' } }),
    )
    setTimeout(() => response.destroy(), 50)
  }
  const body =
    '{"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"Why?"}]}'
  const { text } = await ask(gateway.url, body, '/v1/messages').catch(() => ({ text: '' }))
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(text).toContain('half')
  expect(gateway.calls[0]).toMatchObject({
    wire: 'anthropic-messages',
    model: 'claude-x',
    streaming: true,
    error: 'upstream.broken-off',
    usage: { promptTokens: 9, completionTokens: 1, source: 'reported' },
  })
})

test('a stream of another API that breaks off is not held to have cost nothing', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Because' }
    response.write(`event: response.output_text.delta\n${piece(delta)}`)
    setTimeout(() => response.destroy(), 50)
  }
  const body = '{"model":"gpt-4o","stream":true,"input":"Why?"}'
  expect((await ask(gateway.url, body, '/v1/responses')).text).toContain('upstream.broken-off')
  const [call] = gateway.calls
  expect(call).toMatchObject({ status: 502, firstByteMs: expect.any(Number), wire: 'openai-responses' })
  expect(meterCall(call!, { prices: listPrices }).costUsd).not.toBe(0)
})
