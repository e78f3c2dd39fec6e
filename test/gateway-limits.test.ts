/** Too much, too late, or broken: requests and situations that the gateway itself must answer for. */
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { request as httpRequest } from 'undici'
import { expect, test } from 'vitest'
import { ask, question, streamedQuestion } from './support/ask.ts'
import { fakeUpstream } from './support/fake-upstream.ts'
import { oneUpstream } from './support/one-upstream.ts'
import {
  listRecorder,
  mailMessages,
  mailTask,
  startTestGateway,
  type TestGateway,
  testSpecialist,
  testUpstreams,
} from './support/test-gateway.ts'

const one = oneUpstream()

test.each([
  ['with', { 'content-length': String(100 * 2 ** 20) }],
  ['without', {}],
])('a body of 100 MB %s a length is a clean 413, and the gateway does not hold it', async (_, length) => {
  const piece = Buffer.alloc(2 ** 20, 32)
  const pieces = Readable.from(Array.from({ length: 100 }, () => piece))
  const before = process.memoryUsage().rss
  const { statusCode, body } = await httpRequest(`${one.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    body: pieces,
    headers: { 'content-type': 'application/json', ...length },
  })
  expect(statusCode).toBe(413)
  expect(await body.json()).toMatchObject({
    error: { code: 'request.too-large', type: 'invalid_request_error' },
  })
  expect(process.memoryUsage().rss - before).toBeLessThan(60 * 2 ** 20)
  expect(one.upstream.seen).toHaveLength(0)
  expect((await ask(one.gateway.url, question)).status).toBe(200)
})

test('without an upstream a call that is not answered locally is a 503 with its reason', async () => {
  const other = await startTestGateway({})
  const { status, error } = await ask(other.url, question)
  expect(status).toBe(503)
  expect(error!.code).toBe('upstream.none')
  expect(error!.message).toContain('no-task')
  await other.close()
})

test('more calls than may be forwarded at once are refused, and the others are answered', async () => {
  const slow = await fakeUpstream({ delayMs: 150 })
  const other = await startTestGateway({ upstreamUrl: slow.url, maxForwarding: 3 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => ask(other.url, question)))
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
    upstreamUrl: one.upstream.url,
    served: [{ task, specialists: [broken] }],
  })
  const body = JSON.stringify({ model: 'big-model', messages: mailMessages('a prize') })
  const { status, headers } = await ask(other.url, body)
  expect(status).toBe(200)
  expect(headers.get('x-shoal-reason')).toBe('specialist-failed')
  await other.close()
})

test('a port in use is an error that names it', async () => {
  const port = Number(new URL(one.gateway.url).port)
  await expect(startTestGateway({ port })).rejects.toMatchObject({
    code: 'gateway.port-in-use',
    message: expect.stringContaining(String(port)),
  })
})

test('closing lets calls under way end, keeps them, and takes no more', async () => {
  const slow = await fakeUpstream({ delayMs: 200 })
  const other = await startTestGateway({ upstreamUrl: slow.url })
  const pending = ask(other.url, question)
  await expect.poll(() => slow.seen.length).toBe(1)
  await other.close()
  expect((await pending).status).toBe(200)
  expect(other.calls).toHaveLength(1)
  await expect(ask(other.url, question)).rejects.toThrow()
  await slow.close()
})

test('closing ends calls that outlive the deadline', async () => {
  const slow = await fakeUpstream({ behaviour: 'hang' })
  const other = await startTestGateway({
    shutdownMs: 100,
    upstreams: testUpstreams([{ url: slow.url, silenceTimeoutMs: 1e4 }], { answerTimeoutMs: 1e4 }),
  })
  const pending = ask(other.url, question).catch(() => 'ended')
  await expect.poll(() => slow.seen.length).toBe(1)
  await other.close()
  expect(await pending).toBe('ended')
  expect(other.calls[0]).toMatchObject({ error: 'request.client-left' })
  await slow.close()
})

test('with strict durability an answer waits for its call, and is not given where the call cannot be kept', async () => {
  const calls: TestGateway['calls'] = []
  const recorder = listRecorder(calls, 80)
  const strict = await startTestGateway({ upstreamUrl: one.upstream.url, durability: 'strict', recorder })
  for (const body of [question, streamedQuestion]) {
    const before = performance.now()
    expect((await ask(strict.url, body)).status).toBe(200)
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
    upstreamUrl: one.upstream.url,
    durability: 'strict',
    recorder: failing,
  })
  const { status, error, headers } = await ask(broken.url, question)
  expect(status).toBe(503)
  expect(error!.code).toBe('gateway.not-kept')
  expect(headers.get('retry-after')).toBe('1')
  await broken.close()
})

test('bytes that are no HTTP are answered with 400, and the gateway lives on', async () => {
  const { port } = new URL(one.gateway.url)
  const answer = await new Promise<string>((done) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
    socket.on('data', (bytes) => done(bytes.toString()))
  })
  expect(answer).toContain('400')
  expect((await ask(one.gateway.url, question)).status).toBe(200)
})
