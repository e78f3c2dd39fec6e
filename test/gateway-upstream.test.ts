/** An upstream that fails in whatever way ends in a clean error for the client, and in a call that is kept. */
import { expect, test } from 'vitest'
import { ask, question, streamedQuestion } from './support/ask.ts'
import { fakeUpstream } from './support/fake-upstream.ts'
import { oneUpstream } from './support/one-upstream.ts'
import { startTestGateway } from './support/test-gateway.ts'

const one = oneUpstream()

test('an upstream that refuses connections is a 502 that names it', async () => {
  const closed = await fakeUpstream()
  await closed.close()
  const other = await startTestGateway({ upstreamUrl: closed.url })
  const { status, error } = await ask(other.url, question)
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
  const pending = ask(other.url, question)
  const second = await fakeUpstream({ port })
  expect((await pending).status).toBe(200)
  await other.close()
  await second.close()
})

test('an upstream that hangs is a 504 after the limit', async () => {
  one.upstream.behaviour = 'hang'
  const { status, error } = await ask(one.gateway.url, question)
  expect(status).toBe(504)
  expect(error!.code).toBe('upstream.timeout')
  expect(error!.message).toContain('0.5 s')
})

test('a request that an upstream may have taken is not sent twice', async () => {
  one.upstream.behaviour = 'close-at-once'
  const { status, error } = await ask(one.gateway.url, question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.broken-off')
  expect(one.upstream.seen).toHaveLength(1)
})

test('half an answer is a 502, not half an answer', async () => {
  one.upstream.behaviour = 'half-body'
  const { status, error } = await ask(one.gateway.url, question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.broken-off')
})

test('a stream that falls silent ends with an error event', async () => {
  one.upstream.behaviour = 'hang-in-stream'
  const { status, text } = await ask(one.gateway.url, streamedQuestion)
  expect(status).toBe(200)
  const events = text.trim().split('\n\n')
  expect(JSON.parse(events.at(-1)!.slice('data: '.length)).error.code).toBe('upstream.timeout')
  expect(text).not.toContain('[DONE]')
})

test('malformed JSON of an upstream is a 502 that says so', async () => {
  one.upstream.behaviour = 'malformed'
  const { status, error } = await ask(one.gateway.url, question)
  expect(status).toBe(502)
  expect(error!.code).toBe('upstream.malformed')
})

test('429 goes through with its Retry-After and its own body', async () => {
  one.upstream.behaviour = 'rate-limited'
  const { status, headers, error } = await ask(one.gateway.url, question)
  expect(status).toBe(429)
  expect(headers.get('retry-after')).toBe('7')
  expect(error!.code).toBe('rate_limit_exceeded')
})

test("an upstream's 500 goes through with its own body after one more try", async () => {
  one.upstream.behaviour = 'server-error'
  const { status, error } = await ask(one.gateway.url, question)
  expect(status).toBe(500)
  expect(error!.message).toBe('Out of order.')
  expect(one.upstream.seen).toHaveLength(2)
})

test('an error that the upstream writes into its stream goes through', async () => {
  one.upstream.behaviour = 'error-in-stream'
  const { text } = await ask(one.gateway.url, streamedQuestion)
  expect(text).toContain('Gone wrong.')
})
