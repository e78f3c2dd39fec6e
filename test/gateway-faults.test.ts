/** What goes wrong around a gateway ends in a clean error or a correct answer, never in a crash, a hang or a loss. */

import { request as nodeRequest } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { request as httpRequest } from 'undici'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import {
  listRecorder,
  mailMessages,
  mailTask,
  startTestGateway,
  type TestGateway,
  testSpecialist,
} from './support/test-gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway

beforeAll(async () => {
  upstream = await fakeUpstream()
  gateway = await startTestGateway({ upstreamUrl: upstream.url, bodyLimitBytes: 2 ** 20 })
})
beforeEach(() => {
  upstream.behaviour = 'answer'
  upstream.seen.length = 0
  gateway.calls.length = 0
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const question = JSON.stringify({ model: 'big-model', messages: [{ role: 'user', content: 'Why?' }] })

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly error: { readonly code: string; readonly message: string; readonly type: string } | undefined
}

async function ask(body: string | Buffer, url = gateway.url, path = '/v1/chat/completions'): Promise<Answer> {
  const response = await fetch(url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-client' },
  })
  const text = await response.text()
  let error: Answer['error']
  if (response.headers.get('content-type')?.includes('json')) error = tryParse(text)?.error
  return { status: response.status, headers: response.headers, text, error }
}

function tryParse(text: string): { error?: Answer['error'] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

test('an upstream that refuses connections is a 502 that names it', async () => {
  const closed = await fakeUpstream()
  await closed.close()
  const other = await startTestGateway({ upstreamUrl: closed.url })
  const { status, error } = await ask(question, other.url)
  expect(status).toBe(502)
  expect(error).toMatchObject({ code: 'upstream.unreachable', type: 'server_error' })
  expect(error!.message).toContain(closed.url.host)
  expect(other.calls[0]).toMatchObject({ status: 502, error: 'upstream.unreachable' })
  await other.close()
})

test('an upstream that comes up between the two tries answers', async () => {
  const first = await fakeUpstream()
  const port = Number(first.url.port)
  await first.close()
  const other = await startTestGateway({ upstreamUrl: first.url })
  const pending = ask(question, other.url)
  const second = await fakeUpstream({ port })
  expect((await pending).status).toBe(200)
  await other.close()
  await second.close()
})

test('an upstream that hangs is a 504 after the limit', async () => {
  upstream.behaviour = 'hang'
  const { status, error } = await ask(question)
  expect(status).toBe(504)
  expect(error!.code).toBe('upstream.timeout')
  expect(error!.message).toContain('0.5 s')
})

test('a request that an upstream may have taken is not sent twice', async () => {
  upstream.behaviour = 'close-at-once'
  const { status, error } = await ask(question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.broken-off')
  expect(upstream.seen).toHaveLength(1)
})

test('half an answer is a 502, not half an answer', async () => {
  upstream.behaviour = 'half-body'
  const { status, error } = await ask(question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.broken-off')
})

test('a stream that falls silent ends with an error event', async () => {
  upstream.behaviour = 'hang-in-stream'
  const { status, text } = await ask(JSON.stringify({ ...JSON.parse(question), stream: true }))
  expect(status).toBe(200)
  const events = text.trim().split('\n\n')
  expect(JSON.parse(events.at(-1)!.slice('data: '.length)).error.code).toBe('upstream.timeout')
  expect(text).not.toContain('[DONE]')
})

test('malformed JSON of an upstream is a 502 that says so', async () => {
  upstream.behaviour = 'malformed'
  const { status, error } = await ask(question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.malformed')
})

test('429 goes through with its Retry-After and its own body', async () => {
  upstream.behaviour = 'rate-limited'
  const { status, headers, error } = await ask(question)
  expect(status).toBe(429)
  expect(headers.get('retry-after')).toBe('7')
  expect(error!.code).toBe('rate_limit_exceeded')
})

test("an upstream's 500 goes through with its own body and is not sent again", async () => {
  upstream.behaviour = 'server-error'
  const { status, error } = await ask(question)
  expect(status).toBe(500)
  expect(error!.message).toBe('Out of order.')
  expect(upstream.seen).toHaveLength(1)
})

test('an error that the upstream writes into its stream goes through', async () => {
  upstream.behaviour = 'error-in-stream'
  const { text } = await ask(JSON.stringify({ ...JSON.parse(question), stream: true }))
  expect(text).toContain('Gone wrong.')
})

test.each([
  ['with', { 'content-length': String(100 * 2 ** 20) }],
  ['without', {}],
])('a body of 100 MB %s a length is a clean 413, and the gateway does not hold it', async (_, length) => {
  const piece = Buffer.alloc(2 ** 20, 32)
  const pieces = Readable.from(Array.from({ length: 100 }, () => piece))
  const before = process.memoryUsage().rss
  const { statusCode, body } = await httpRequest(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    body: pieces,
    headers: { 'content-type': 'application/json', ...length },
  })
  expect(statusCode).toBe(413)
  expect(await body.json()).toMatchObject({
    error: { code: 'request.too-large', type: 'invalid_request_error' },
  })
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * 2 ** 20)
  expect(upstream.seen).toHaveLength(0)
  expect((await ask(question)).status).toBe(200)
})

test('what is no JSON goes to the upstream as it is', async () => {
  const before = upstream.seen.length
  for (const body of ['{"model": ', '[1, 2]', '\ud800', '{"messages": 7}\0', '"']) {
    await ask(body, gateway.url, '/v1/embeddings')
    expect(upstream.seen.at(-1)!.body.toString()).toBe(Buffer.from(body).toString())
  }
  expect(upstream.seen.length - before).toBe(5)
})

test('a chat body that Shoal does not understand is forwarded untouched', async () => {
  upstream.behaviour = 'server-error'
  const body = '{"model":"big-model","messages":"not a list" , "x": 1.0}'
  const { status, headers } = await ask(body)
  expect(status).toBe(500)
  expect(headers.get('x-shoal-reason')).toBe('opaque')
  expect(upstream.seen[0]!.body.toString()).toBe(body)
})

test('bytes, header fields and status of other paths come through unchanged, both ways', async () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31 + (at >> 8)) & 255))
  const {
    statusCode,
    headers,
    body: answer,
  } = await httpRequest(`${gateway.url}/v1/audio/x?a=1&b=%20`, {
    method: 'PUT',
    body,
    headers: {
      'content-type': 'audio/mpeg',
      authorization: 'Bearer sk-client',
      'X-Own': 'Kept',
      'x-shoal-task': 'mail',
    },
  })
  expect(statusCode).toBe(207)
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2'])
  expect(headers['x-echo-url']).toBe('/v1/audio/x?a=1&b=%20')
  expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  const [seen] = upstream.seen
  expect(seen!.body.equals(body)).toBe(true)
  expect(seen!.rawHeaders).toContain('X-Own')
  expect(seen!.headers).toMatchObject({ authorization: 'Bearer sk-client', host: upstream.url.host })
  expect(seen!.headers).not.toHaveProperty('x-shoal-task')
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]).toMatchObject({ wire: 'opaque', method: 'PUT', path: '/v1/audio/x', status: 207 })
  expect(gateway.calls[0]).not.toHaveProperty('request')
})

test('header fields of one hop end at the gateway', async () => {
  const headers = { connection: 'keep-alive, x-hop', 'x-hop': '1', te: 'trailers', 'x-own': 'kept' }
  await new Promise<void>((done) => {
    nodeRequest(`${gateway.url}/v1/other`, { headers }, (response) => response.resume().on('end', done)).end()
  })
  expect(upstream.seen[0]!.headers).toMatchObject({ 'x-own': 'kept' })
  expect(upstream.seen[0]!.headers).not.toHaveProperty('x-hop')
  expect(upstream.seen[0]!.headers).not.toHaveProperty('te')
})

test('a text body of another path is kept with the call', async () => {
  await ask('{"input": "text"}', gateway.url, '/v1/embeddings')
  await expect.poll(() => gateway.calls.length).toBe(1)
  expect(gateway.calls[0]).toMatchObject({ request: '{"input": "text"}', response: '{"input": "text"}' })
})

test('a chat call is forwarded byte for byte', async () => {
  const body = `{"model" : "big-model",\n "messages":[{"role":"user","content":"\\u00fc \u00fc 1e400"}], "seed": 12345678901234567890}`
  await ask(body)
  expect(upstream.seen[0]!.body.toString()).toBe(body)
})

test('a path outside /v1 is a 404 in the form of the wire', async () => {
  const { status, error } = await ask('{}', gateway.url, '/v2/chat')
  expect(status).toBe(404)
  expect(error!.code).toBe('request.not-found')
})

test('without an upstream a call that is not answered locally is a 503 with its reason', async () => {
  const other = await startTestGateway({})
  const { status, error } = await ask(question, other.url)
  expect(status).toBe(503)
  expect(error!.code).toBe('upstream.none')
  expect(error!.message).toContain('no-task')
  await other.close()
})

test('more calls than may be forwarded at once are refused, and the others are answered', async () => {
  const slow = await fakeUpstream({ delayMs: 150 })
  const other = await startTestGateway({ upstreamUrl: slow.url, maxForwarding: 3 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(question, other.url)))
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 503, 503])
  expect(answers.find((answer) => answer.status === 503)!.error!.code).toBe('gateway.busy')
  await other.close()
  await slow.close()
})

test('a mistake in a specialist is passed over, and the call goes upstream', async () => {
  const task = mailTask()
  const broken = testSpecialist(task, {
    predict: () => {
      throw new Error('broken')
    },
  })
  const other = await startTestGateway({
    upstreamUrl: upstream.url,
    served: [{ task, specialists: [broken] }],
  })
  const body = JSON.stringify({ model: 'big-model', messages: mailMessages('a prize') })
  const { status, headers } = await ask(body, other.url)
  expect(status).toBe(200)
  expect(headers.get('x-shoal-reason')).toBe('specialist-failed')
  await other.close()
})

test('a port in use is an error that names it', async () => {
  const port = Number(new URL(gateway.url).port)
  await expect(startTestGateway({ port })).rejects.toMatchObject({
    code: 'gateway.port-in-use',
    message: expect.stringContaining(String(port)),
  })
})

test('closing lets calls under way end, keeps them, and takes no more', async () => {
  const slow = await fakeUpstream({ delayMs: 200 })
  const other = await startTestGateway({ upstreamUrl: slow.url })
  const pending = ask(question, other.url)
  await expect.poll(() => slow.seen.length).toBe(1)
  await other.close()
  expect((await pending).status).toBe(200)
  expect(other.calls).toHaveLength(1)
  await expect(ask(question, other.url)).rejects.toThrow()
  await slow.close()
})

test('closing ends calls that outlive the deadline', async () => {
  const slow = await fakeUpstream({ behaviour: 'hang' })
  const other = await startTestGateway({
    shutdownMs: 100,
    upstream: { url: slow.url, connectTimeoutMs: 1e4, answerTimeoutMs: 1e4, silenceTimeoutMs: 1e4 },
  })
  const pending = ask(question, other.url).catch(() => 'ended')
  await expect.poll(() => slow.seen.length).toBe(1)
  await other.close()
  expect(await pending).toBe('ended')
  expect(other.calls[0]).toMatchObject({ error: 'request.client-left' })
  await slow.close()
})

test('with strict durability an answer waits for its call, and is not given where the call cannot be kept', async () => {
  const calls: TestGateway['calls'] = []
  const recorder = listRecorder(calls, 80)
  const strict = await startTestGateway({ upstreamUrl: upstream.url, durability: 'strict', recorder })
  for (const body of [question, JSON.stringify({ ...JSON.parse(question), stream: true })]) {
    const before = performance.now()
    expect((await ask(body, strict.url)).status).toBe(200)
    expect(performance.now() - before).toBeGreaterThan(75)
  }
  expect(calls).toHaveLength(2)
  await strict.close()
  const failing = {
    ...recorder,
    recordDurably: async () => {
      throw new Error('disk full')
    },
  }
  const broken = await startTestGateway({
    upstreamUrl: upstream.url,
    durability: 'strict',
    recorder: failing,
  })
  const { status, error, headers } = await ask(question, broken.url)
  expect(status).toBe(503)
  expect(error!.code).toBe('gateway.not-kept')
  expect(headers.get('retry-after')).toBe('1')
  await broken.close()
})

test('bytes that are no HTTP are answered with 400, and the gateway lives on', async () => {
  const { port } = new URL(gateway.url)
  const answer = await new Promise<string>((done) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
    socket.on('data', (bytes) => done(bytes.toString()))
  })
  expect(answer).toContain('400')
  expect((await ask(question)).status).toBe(200)
})

test('probes and metrics answer', async () => {
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${gateway.url}/readyz`)
  expect(await ready.json()).toMatchObject({ status: 'ready', problems: [] })
  await ask(question)
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
  expect(metrics).toMatch(/shoal_calls_total\{served_by="upstream",reason="no-task",status="200"\} \d+/)
  expect(metrics).toContain('shoal_call_seconds_bucket')
  expect(metrics).toContain('shoal_recorder_calls{kind="taken"}')
})
