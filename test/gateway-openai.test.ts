/** The official `openai` client against a running gateway. */
import OpenAI, { APIError, APIUserAbortError } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import {
  mailMessages,
  mailTask,
  startTestGateway,
  type TestGateway,
  testSpecialist,
} from './support/test-gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
let client: OpenAI

beforeAll(async () => {
  upstream = await fakeUpstream()
  const task = mailTask()
  gateway = await startTestGateway({
    upstreamUrl: upstream.url,
    served: [{ task, specialists: [testSpecialist(task)] }],
  })
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 })
})
beforeEach(() => {
  upstream.behaviour = 'answer'
  upstream.pieceMs = 0
  upstream.answer = () => 'An answer of the upstream.'
  upstream.seen.length = 0
  upstream.aborted.count = 0
  gateway.calls.length = 0
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const question = {
  model: 'big-model',
  messages: [{ role: 'user' as const, content: 'Why is the sky blue?' }],
}
const prize = { model: 'big-model', messages: mailMessages('You won a prize!') }

test('a call of no task is answered by the upstream and kept', async () => {
  const { data, response } = await client.chat.completions.create(question).withResponse()
  expect(data.choices[0]?.message.content).toBe('An answer of the upstream.')
  expect(response.headers.get('x-shoal-served-by')).toBe('upstream')
  expect(response.headers.get('x-shoal-reason')).toBe('no-task')
  expect(gateway.calls).toHaveLength(1)
  const call = gateway.calls[0]!
  expect(response.headers.get('x-shoal-call-id')).toBe(call.id)
  expect(call).toMatchObject({
    wire: 'openai-chat',
    model: 'big-model',
    servedBy: 'upstream',
    reason: 'no-task',
    streaming: false,
    status: 200,
    usage: { promptTokens: 11, completionTokens: 7, source: 'reported' },
  })
  expect(JSON.parse(call.request!)).toEqual(question)
  expect(JSON.parse(call.response!).choices[0].message.content).toBe('An answer of the upstream.')
  expect(JSON.stringify(call)).not.toContain('sk-of-the-client')
})

test('a streamed call of no task comes through in pieces and is kept as one answer', async () => {
  const stream = await client.chat.completions.create({
    ...question,
    stream: true,
    stream_options: { include_usage: true },
  })
  const pieces: string[] = []
  for await (const chunk of stream)
    if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content)
  expect(pieces).toEqual(['An ', 'answer ', 'of ', 'the ', 'upstream.'])
  const call = gateway.calls[0]!
  expect(call).toMatchObject({
    streaming: true,
    status: 200,
    usage: { promptTokens: 11, source: 'reported' },
  })
  expect(call.firstByteMs).toBeGreaterThan(0)
  expect(JSON.parse(call.response!)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { content: 'An answer of the upstream.' }, finish_reason: 'stop' }],
  })
})

test('a call that the specialist is sure of is answered locally, with usage, and never reaches the upstream', async () => {
  const { data, response } = await client.chat.completions.create(prize).withResponse()
  expect(data.choices[0]?.message).toMatchObject({ role: 'assistant', content: '{"label": "spam"}' })
  expect(data.choices[0]?.finish_reason).toBe('stop')
  expect(data.model).toBe('big-model')
  expect(data.usage!.prompt_tokens).toBeGreaterThan(0)
  expect(data.usage!.total_tokens).toBe(data.usage!.prompt_tokens + data.usage!.completion_tokens)
  expect(response.headers.get('x-shoal-served-by')).toBe('mail@1 (nano)')
  expect(response.headers.get('x-shoal-reason')).toBe('certified')
  expect(response.headers.get('x-shoal-confidence')).toBe('0.9900')
  expect(upstream.seen).toHaveLength(0)
  expect(gateway.calls[0]).toMatchObject({
    task: 'mail',
    servedBy: 'mail@1 (nano)',
    reason: 'certified',
    confidence: 0.99,
    status: 200,
    usage: { source: 'counted' },
  })
})

test("a specialist's stream is well formed: the client's stream helper puts it together", async () => {
  const runner = client.chat.completions.stream({ ...prize, stream_options: { include_usage: true } })
  const completion = await runner.finalChatCompletion()
  expect(completion.choices[0]?.message.content).toBe('{"label": "spam"}')
  expect(completion.choices[0]?.finish_reason).toBe('stop')
  expect((await runner.totalUsage()).total_tokens).toBeGreaterThan(0)
  expect(gateway.calls[0]).toMatchObject({ streaming: true, servedBy: 'mail@1 (nano)' })
  expect(JSON.parse(gateway.calls[0]!.response!).choices[0].message.content).toBe('{"label": "spam"}')
})

test("without include_usage a specialist's stream has no usage", async () => {
  const stream = await client.chat.completions.create({ ...prize, stream: true })
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason ?? null)).toEqual([null, null, 'stop'])
  expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true)
})

const Label = z.object({ label: z.enum(['ham', 'spam']) })

test('`parse` with a JSON schema reads the answer of a specialist and of the upstream', async () => {
  upstream.answer = () => '{"label": "ham"}'
  const messages = [{ role: 'user' as const, content: 'You won a prize!' }]
  const format = { response_format: zodResponseFormat(Label, 'label') }
  const fromUpstream = await client.chat.completions.parse({ model: 'big-model', messages, ...format })
  expect(fromUpstream.choices[0]?.message.parsed).toEqual({ label: 'ham' })
  const sent = JSON.parse(upstream.seen[0]!.body.toString())
  const task = mailTask({
    template: {
      messages: [{ role: 'user', constants: ['', ''], slots: ['text'] }],
      responseFormat: sent.response_format,
    },
  })
  const other = await startTestGateway({ served: [{ task, specialists: [testSpecialist(task)] }] })
  const local = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const { data, response } = await local.chat.completions
    .parse({ model: 'big-model', messages, ...format })
    .withResponse()
  expect(data.choices[0]?.message.parsed).toEqual({ label: 'spam' })
  expect(response.headers.get('x-shoal-served-by')).toBe('mail@1 (nano)')
  await other.close()
})

test("an upstream's error reaches the client as it is", async () => {
  upstream.behaviour = 'rate-limited'
  const error = await client.chat.completions.create(question).catch((cause) => cause)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect(error.status).toBe(429)
  expect(error.code).toBe('rate_limit_exceeded')
  expect(error.headers.get('retry-after')).toBe('7')
  expect(gateway.calls[0]).toMatchObject({ status: 429, servedBy: 'upstream' })
})

test('an unknown task as a model is an error in the form of the wire', async () => {
  const error = await client.chat.completions
    .create({ ...question, model: 'shoal/nothing' })
    .catch((cause) => cause)
  expect(error).toBeInstanceOf(OpenAI.NotFoundError)
  expect(error.code).toBe('model.unknown')
  expect(error.message).toContain('mail')
})

test('a client that aborts in mid-stream ends the stream of the upstream, and the call is kept as such', async () => {
  upstream.pieceMs = 30
  const stream = await client.chat.completions.create({ ...question, stream: true })
  const seen: string[] = []
  const reading = (async () => {
    for await (const chunk of stream) {
      seen.push(chunk.choices[0]?.delta.content ?? '')
      if (seen.length === 2) stream.controller.abort()
    }
  })()
  await reading.catch((cause) => expect(cause).toBeInstanceOf(APIUserAbortError))
  await expect.poll(() => gateway.calls.length).toBe(1)
  await expect.poll(() => upstream.aborted.count).toBe(1)
  expect(gateway.calls[0]).toMatchObject({ status: 499, error: 'request.client-left', streaming: true })
  expect(JSON.parse(gateway.calls[0]!.response!).choices[0].message.content).toMatch(/^An /)
})

test('a client that aborts before the answer ends the request to the upstream', async () => {
  upstream.behaviour = 'hang'
  const controller = new AbortController()
  const pending = client.chat.completions.create(question, { signal: controller.signal })
  await expect.poll(() => upstream.seen.length).toBe(1)
  controller.abort()
  await expect(pending).rejects.toBeInstanceOf(APIUserAbortError)
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]).toMatchObject({ status: 499, error: 'request.client-left' })
})

test('an error inside a stream is thrown by the client', async () => {
  upstream.behaviour = 'half-stream'
  const stream = await client.chat.completions.create({ ...question, stream: true })
  const error = await (async () => {
    for await (const _ of stream);
  })().catch((cause) => cause)
  expect(error).toBeInstanceOf(APIError)
  expect(error.error.code).toBe('upstream.broken-off')
  expect(gateway.calls[0]).toMatchObject({ status: 502, error: 'upstream.broken-off', streaming: true })
})

test('the list of models holds those of the upstream and the tasks', async () => {
  const models = await client.models.list()
  expect(models.data.map((model) => model.id)).toEqual(['big-model', 'shoal/mail'])
})

test('`shoal/TASK` takes the bare input, and what is not answered locally goes upstream with its model and whole prompt', async () => {
  const create = (content: string) =>
    client.chat.completions
      .create({ model: 'shoal/mail', messages: [{ role: 'user', content }] })
      .withResponse()
  const sure = await create('You won a prize!')
  expect(sure.data.choices[0]?.message.content).toBe('{"label": "spam"}')
  expect(sure.data.model).toBe('shoal/mail')
  const unsure = await create('Is this a prize?')
  expect(unsure.response.headers.get('x-shoal-reason')).toBe('unsure')
  expect(JSON.parse(upstream.seen[0]!.body.toString())).toEqual({
    model: 'big-model',
    messages: mailMessages('Is this a prize?'),
  })
})
