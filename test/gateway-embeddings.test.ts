/** Embeddings through the official `openai` client: a base encoder's where the request names one, else the upstream's. */
import OpenAI, { APIError } from 'openai'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Embedder } from '../src/gateway/embeddings/embedders.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { startTestGateway, type TestGateway } from './support/test-gateway.ts'

/** Two numbers a text: its length, and a third of it, which has no short decimal form. */
const lengths: Embedder = {
  name: 'lengths',
  width: 2,
  embed: async (texts, { truncate }) => ({
    vectors: Float32Array.from(texts.flatMap((text) => [text.length, text.length / 3])),
    tokens: texts.reduce((sum, text) => sum + text.length, 0),
    truncated: truncate ? texts.filter((text) => text.length > 10).length : 0,
  }),
}

let upstream: FakeUpstream
let gateway: TestGateway
let client: OpenAI

beforeAll(async () => {
  upstream = await fakeUpstream()
  gateway = await startTestGateway({
    upstreamUrl: upstream.url,
    embedders: { names: () => ['lengths'], find: async (name) => (name === 'lengths' ? lengths : undefined) },
  })
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 })
})
beforeEach(() => {
  upstream.seen.length = 0
  gateway.calls.length = 0
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

test.each(['lengths', 'shoal/lengths'])('%s answers on this machine, and the call is kept', async (model) => {
  const { data, response } = await client.embeddings
    .create({ model, input: ['four', 'a longer text'] })
    .withResponse()
  expect(data.data.map(({ index }) => index)).toEqual([0, 1])
  expect(data.data[1]!.embedding).toEqual([13, Math.fround(13 / 3)])
  expect(data.usage).toEqual({ prompt_tokens: 17, total_tokens: 17 })
  expect(data.model).toBe(model)
  expect(response.headers.get('x-shoal-served-by')).toBe('lengths (base encoder)')
  expect(response.headers.get('x-shoal-reason')).toBe('base-encoder')
  expect(upstream.seen).toHaveLength(0)
  expect(gateway.calls).toHaveLength(1)
  expect(gateway.calls[0]).toMatchObject({
    servedBy: 'lengths (base encoder)',
    status: 200,
    usage: { promptTokens: 17, completionTokens: 0 },
  })
  expect(gateway.calls[0]!.response).toBeUndefined()
})

test('numbers as JSON are the same as in base64', async () => {
  const answer = await client.embeddings.create({
    model: 'lengths',
    input: 'seven..',
    encoding_format: 'float',
  })
  expect(answer.data[0]!.embedding).toEqual([7, Math.fround(7 / 3)])
})

test('how many texts were cut is said in a header', async () => {
  const body = { model: 'lengths', input: ['a text of more than ten'], truncate: true }
  const { response } = await client.embeddings.create(body).withResponse()
  expect(response.headers.get('x-shoal-truncated')).toBe('1')
})

test('another model is asked of the upstream, and the body goes there as it came', async () => {
  const body = '{ "model":"text-embedding-3-small",  "input":"four" }'
  await fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  expect(upstream.seen.map(({ url, body: sent }) => [url, sent.toString()])).toEqual([
    ['/v1/embeddings', body],
  ])
  expect(gateway.calls).toHaveLength(1)
  expect(gateway.calls[0]).toMatchObject({ reason: 'opaque', request: body })
})

test.each([
  [{ input: [] }, 'an empty list'],
  [{ input: ['one', ''] }, 'input.1'],
  [{ input: [1, 2, 3] }, 'token ids'],
  [{ input: [[1, 2], [3]] }, 'token ids'],
  [{ input: 7 }, 'input'],
  [{ input: 'four', dimensions: 3 }, 'vectors of 2'],
  [{ input: Array.from({ length: 2049 }, () => 'x') }, '2049 texts'],
  [{ input: 'four', encoding_format: 'hex' }, 'encoding_format'],
])('%j is refused with what was wrong', async (fields, named) => {
  const answer = await fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'lengths', ...fields }),
  })
  const { error }: { error: { message: string } } = JSON.parse(await answer.text())
  expect(answer.status).toBe(400)
  expect(error.message).toContain(named)
})

test('an encoder that fails is an error of that request alone', async () => {
  const original = lengths.embed
  try {
    Object.assign(lengths, { embed: () => Promise.reject(new Error('out of order')) })
    const failed = client.embeddings.create({ model: 'lengths', input: 'four' })
    await expect(failed).rejects.toSatisfy((cause) => cause instanceof APIError && cause.status === 500)
  } finally {
    Object.assign(lengths, { embed: original })
  }
  await expect(client.embeddings.create({ model: 'lengths', input: 'four' })).resolves.toBeDefined()
})

test('the encoder is in the list of models', async () => {
  const models = await client.models.list()
  expect(models.data.map(({ id }) => id)).toContain('shoal/lengths')
})
