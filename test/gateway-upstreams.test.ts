/** Several upstreams: who is asked, in which order, with which key, under which name, and what the client is told. */
import { afterEach, expect, test } from 'vitest'
import { ask, question, streamedQuestion } from './support/ask.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { faultyUpstream } from './support/faulty-upstream.ts'
import {
  mailMessages,
  mailTask,
  startTestGateway,
  type TestGateway,
  testSpecialist,
  testUpstreams,
} from './support/test-gateway.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

type Members = Parameters<typeof testUpstreams>[0]
type Rest = Parameters<typeof testUpstreams>[1]

async function upstreamThat(settings: Parameters<typeof fakeUpstream>[0] = {}): Promise<FakeUpstream> {
  const upstream = await fakeUpstream(settings)
  closing.push(() => upstream.close())
  return upstream
}

async function gatewayWith(members: Members, rest: Rest = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ upstreams: testUpstreams(members, rest) })
  closing.push(() => gateway.close())
  return gateway
}

const named = (model: string): string => JSON.stringify({ ...JSON.parse(question), model })

test('where the first fails the second answers under its own name for the model, and the call says so', async () => {
  const first = await upstreamThat({ behaviour: 'server-error' })
  const second = await upstreamThat()
  const gateway = await gatewayWith([
    { url: first.url, apiKey: 'sk-1' },
    { url: second.url, apiKey: 'sk-2', modelMap: { 'big-model': 'other/model' } },
  ])
  const { status, headers } = await ask(gateway.url, question)
  expect(status).toBe(200)
  expect(headers.get('x-shoal-upstream')).toBe('second')
  expect(headers.get('x-shoal-tried')).toBe('first: status 500')
  expect(first.seen[0]!.body.toString()).toBe(question)
  expect(JSON.parse(second.seen[0]!.body.toString())).toEqual({
    ...JSON.parse(question),
    model: 'other/model',
  })
  expect(gateway.calls[0]).toMatchObject({
    upstream: 'second',
    model: 'other/model',
    servedBy: 'upstream',
    status: 200,
  })
})

test('a key of one provider is never shown to another', async () => {
  const first = await upstreamThat({ behaviour: 'server-error' })
  const second = await upstreamThat({ behaviour: 'server-error' })
  const third = await upstreamThat()
  const gateway = await gatewayWith([
    { url: first.url },
    { url: second.url },
    { url: third.url, apiKey: 'sk-3' },
  ])
  await ask(gateway.url, question)
  const keys = [first, second, third].map(({ seen }) => seen[0]!.headers.authorization)
  expect(keys).toEqual(['Bearer sk-client', undefined, 'Bearer sk-3'])
})

test('/v1/messages goes to the Anthropic-shaped upstream with its key header, all else to the other', async () => {
  const openai = await upstreamThat()
  const anthropic = await faultyUpstream()
  closing.push(() => anthropic.close())
  const gateway = await gatewayWith([
    { url: openai.url, apiKey: 'sk-o' },
    { url: anthropic.urlOf('good'), shape: 'anthropic', apiKey: 'sk-a' },
  ])
  const body = JSON.stringify({
    model: 'claude',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'Why?' }],
  })
  const answer = await ask(gateway.url, body, '/v1/messages')
  expect(JSON.parse(answer.text)).toMatchObject({ type: 'message', content: [{ text: 'Why?' }] })
  expect(answer.headers.get('x-shoal-upstream')).toBe('second')
  expect((await ask(gateway.url, question)).headers.get('x-shoal-upstream')).toBe('first')
  expect(openai.seen).toHaveLength(1)
})

test('the key of an Anthropic-shaped upstream goes into x-api-key, and anthropic-version through', async () => {
  const echo = await upstreamThat()
  const gateway = await gatewayWith([
    { url: echo.url, shape: 'anthropic', apiKey: 'sk-a', keys: 'client-first' },
  ])
  const headers = {
    'content-type': 'application/json',
    'x-api-key': 'shoal',
    'anthropic-version': '2023-06-01',
  }
  await fetch(`${gateway.url}/v1/messages/count_tokens`, {
    method: 'POST',
    headers,
    body: '{"model":"claude"}',
  })
  expect(echo.seen[0]!.headers).toMatchObject({ 'x-api-key': 'sk-a', 'anthropic-version': '2023-06-01' })
  expect(echo.seen[0]!.headers).not.toHaveProperty('authorization')
})

test('an error for a client of Anthropic has Anthropic’s form', async () => {
  const gateway = await gatewayWith([{ url: new URL('http://127.0.0.1:1/v1'), shape: 'anthropic' }])
  const { status, text } = await ask(gateway.url, '{"model":"claude"}', '/v1/messages')
  expect(status).toBe(502)
  expect(JSON.parse(text)).toMatchObject({
    type: 'error',
    error: { type: 'api_error', code: 'upstream.unreachable' },
  })
})

test('NAME/model pins an upstream: no other answers, and the name is taken off', async () => {
  const first = await upstreamThat()
  const second = await upstreamThat({ behaviour: 'server-error' })
  const gateway = await gatewayWith([{ url: first.url }, { url: second.url }])
  const { status, headers } = await ask(gateway.url, named('second/big-model'))
  expect([status, headers.get('x-shoal-upstream')]).toEqual([500, 'second'])
  expect(JSON.parse(second.seen[0]!.body.toString()).model).toBe('big-model')
  expect(first.seen).toHaveLength(0)
  const unknown = await fetch(`${gateway.url}/v1/models`, { headers: { 'x-shoal-upstream': 'nobody' } })
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ error: { code: 'upstream.unknown' } })
})

test('a model that no upstream takes is a 404 that says who there is', async () => {
  const first = await upstreamThat()
  const gateway = await gatewayWith([{ url: first.url, models: ['gpt-*'] }])
  const { status, error } = await ask(gateway.url, question)
  expect([status, error!.code]).toEqual([404, 'upstream.no-model'])
})

test('a 4xx of the client’s own making is asked of nobody else', async () => {
  const first = await faultyUpstream()
  closing.push(() => first.close())
  const second = await upstreamThat()
  const gateway = await gatewayWith([{ url: first.urlOf('400') }, { url: second.url }])
  const { status, error } = await ask(gateway.url, question)
  expect([status, error!.message]).toEqual([400, 'The upstream says no.'])
  expect(second.seen).toHaveLength(0)
})

test('an upstream that asks for rest is left alone until then, if another can answer', async () => {
  const first = await upstreamThat({ behaviour: 'rate-limited' })
  const second = await upstreamThat()
  const gateway = await gatewayWith([{ url: first.url }, { url: second.url }])
  for (let turn = 0; turn < 5; turn++) expect((await ask(gateway.url, question)).status).toBe(200)
  expect(first.seen).toHaveLength(1)
  expect((await ask(gateway.url, named('first/big-model'))).status).toBe(429)
})

test('a short Retry-After of the only upstream is waited for', async () => {
  const first = await upstreamThat({ behaviour: 'rate-limited' })
  first.retryAfter = '0.2'
  const gateway = await gatewayWith([{ url: first.url }], { answerTimeoutMs: 2_000 })
  const pending = ask(gateway.url, question)
  await expect.poll(() => first.seen.length).toBe(1)
  first.behaviour = 'answer'
  expect((await pending).status).toBe(200)
  expect(first.seen).toHaveLength(2)
})

test('an upstream that does not answer is soon asked no more, and a try brings it back', async () => {
  const first = await upstreamThat({ behaviour: 'close-at-once' })
  const gateway = await gatewayWith([{ url: first.url }])
  const codes: (string | undefined)[] = []
  for (let turn = 0; turn < 14; turn++) codes.push((await ask(gateway.url, question)).error?.code)
  expect(codes.slice(0, 10)).toEqual(Array(10).fill('upstream.broken-off'))
  expect(codes.slice(10)).toEqual(Array(4).fill('upstream.resting'))
  expect(first.seen).toHaveLength(10)
  const resting = await ask(gateway.url, question)
  expect([resting.status, resting.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^[12]$/)])
  first.behaviour = 'answer'
  await expect.poll(async () => (await ask(gateway.url, question)).status, { timeout: 3_000 }).toBe(200)
  expect((await ask(gateway.url, question)).status).toBe(200)
})

test('retries on the only upstream stay within their budget', async () => {
  const first = await upstreamThat({ behaviour: 'server-error' })
  const beganMs = performance.now()
  const gateway = await gatewayWith([{ url: first.url }], { retryShare: 0.1 })
  await Promise.all(Array.from({ length: 100 }, () => ask(gateway.url, question)))
  // A full budget, a tenth of the calls, and half a retry for each second that it took, which a busy machine makes many.
  const quiet = Math.ceil((0.5 * (performance.now() - beganMs)) / 1000)
  expect(first.seen.length).toBeLessThanOrEqual(100 + 10 + 10 + quiet)
})

test('calls above the limit of an upstream wait a little, then go to the next', async () => {
  const first = await upstreamThat({ delayMs: 150 })
  const second = await upstreamThat()
  const gateway = await gatewayWith(
    [{ url: first.url, maxConcurrent: 2, queueTimeoutMs: 50 }, { url: second.url }],
    { answerTimeoutMs: 2_000 },
  )
  const answers = await Promise.all(Array.from({ length: 4 }, () => ask(gateway.url, question)))
  const by = answers.map(({ headers }) => headers.get('x-shoal-upstream')).sort()
  expect(by).toEqual(['first', 'first', 'second', 'second'])
  expect(gateway.calls.map(({ status }) => status)).toEqual([200, 200, 200, 200])
})

test('a second upstream is asked where the first is slow, if hedging is on, and the slower one is let go', async () => {
  const first = await upstreamThat({ delayMs: 400 })
  const second = await upstreamThat()
  const gateway = await gatewayWith([{ url: first.url }, { url: second.url }], {
    answerTimeoutMs: 2_000,
    hedgeAfterMs: 30,
  })
  const { status, headers } = await ask(gateway.url, question)
  expect([status, headers.get('x-shoal-upstream')]).toEqual([200, 'second'])
  await expect.poll(() => first.aborted.count).toBe(1)
  expect(gateway.calls).toHaveLength(1)
})

test('the client waits no longer than the limit over all tries', async () => {
  const members = await Promise.all([1, 2, 3].map(() => upstreamThat({ behaviour: 'hang' })))
  const gateway = await gatewayWith(
    members.map(({ url }) => ({ url })),
    { answerTimeoutMs: 600 },
  )
  const beganMs = performance.now()
  const { status, error } = await ask(gateway.url, question)
  expect([status, error!.code]).toEqual([504, 'upstream.timeout'])
  expect(performance.now() - beganMs).toBeLessThan(900)
  expect(members.map(({ seen }) => seen.length)).toEqual([1, 1, 1])
})

test('a stream that fails before it says anything is another upstream’s to answer; after that it ends in an error event', async () => {
  const first = await faultyUpstream()
  closing.push(() => first.close())
  const second = await upstreamThat()
  const gateway = await gatewayWith([
    { url: first.urlOf('an error after the announcement'), models: ['early'] },
    { url: first.urlOf('reset in the body'), models: ['late'] },
    { url: second.url },
  ])
  const streamed = (model: string) => JSON.stringify({ ...JSON.parse(streamedQuestion), model })
  const early = await ask(gateway.url, streamed('early'))
  expect(early.text).toContain('data: [DONE]')
  expect(early.headers.get('x-shoal-upstream')).toBe('third')
  const late = await ask(gateway.url, streamed('late'))
  expect(late.text).toContain('"code":"upstream.broken-off"')
  expect(late.headers.get('x-shoal-upstream')).toBe('second')
  expect(gateway.calls[1]).toMatchObject({ error: 'upstream.broken-off', upstream: 'second' })
})

test('metrics tell of each upstream; nothing of them names a key', async () => {
  const first = await upstreamThat({ behaviour: 'server-error' })
  const second = await upstreamThat()
  const gateway = await gatewayWith([
    { url: first.url, apiKey: 'sk-secret' },
    { url: second.url, apiKey: 'sk-secret' },
  ])
  await ask(gateway.url, question)
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  expect(text).toContain('shoal_upstream_requests_total{upstream="first",kind="all"} 1')
  expect(text).toContain('shoal_upstream_requests_total{upstream="second",kind="fallback"} 1')
  expect(text).toContain('shoal_upstream_failures_total{upstream="first",kind="status"} 1')
  expect(text).not.toContain('sk-secret')
})

test('a certificate that holds for the upstream’s own name of a model holds for calls that name its alias', async () => {
  const first = await upstreamThat()
  const task = mailTask()
  const specialist = testSpecialist(task, {
    certificate: { holdsFor: { specialists: [], maskingVersion: 1, upstream: 'deployment-7' } },
  })
  const members = [{ url: first.url, models: ['big-*'], modelMap: { 'big-model': 'deployment-7' } }]
  const gateway = await startTestGateway({
    upstreams: testUpstreams(members),
    served: [{ task, specialists: [specialist] }],
  })
  closing.push(() => gateway.close())
  const body = (model: string) => JSON.stringify({ model, messages: mailMessages('a prize') })
  expect((await ask(gateway.url, body('big-model'))).headers.get('x-shoal-served-by')).toBe('mail@1 (nano)')
  expect((await ask(gateway.url, body('big-other'))).headers.get('x-shoal-served-by')).toBe('upstream')
  expect((await ask(gateway.url, named('deployment-7'))).headers.get('x-shoal-upstream')).toBe('openai')
})
