/** What Shoal does not understand goes through unchanged, both ways. */
import { request as nodeRequest } from 'node:http'
import { request as httpRequest } from 'undici'
import { expect, test } from 'vitest'
import { endUserDigest } from '../src/trace/end-user.ts'
import { ask, question } from './support/ask.ts'
import { oneUpstream } from './support/one-upstream.ts'
import { startTestGateway } from './support/test-gateway.ts'

const one = oneUpstream()

test('what is no JSON goes to the upstream as it is', async () => {
  const before = one.upstream.seen.length
  for (const body of ['{"model": ', '[1, 2]', '\ud800', '{"messages": 7}\0', '"']) {
    await ask(one.gateway.url, body, '/v1/embeddings')
    expect(one.upstream.seen.at(-1)!.body.toString()).toBe(Buffer.from(body).toString())
  }
  expect(one.upstream.seen.length - before).toBe(5)
})

test('a chat body that Shoal does not understand is forwarded untouched', async () => {
  one.upstream.behaviour = 'server-error'
  const body = '{"model":"big-model","messages":"not a list" , "x": 1.0}'
  const { status, headers } = await ask(one.gateway.url, body)
  expect(status).toBe(500)
  expect(headers.get('x-shoal-reason')).toBe('opaque')
  expect(one.upstream.seen[0]!.body.toString()).toBe(body)
})

test('bytes, header fields and status of other paths come through unchanged, both ways', async () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31 + (at >> 8)) & 255))
  const {
    statusCode,
    headers,
    body: answer,
  } = await httpRequest(`${one.gateway.url}/v1/audio/x?a=1&b=%20`, {
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
  const [seen] = one.upstream.seen
  expect(seen!.body.equals(body)).toBe(true)
  expect(seen!.rawHeaders).toContain('X-Own')
  expect(seen!.headers).toMatchObject({ authorization: 'Bearer sk-client', host: one.upstream.url.host })
  expect(seen!.headers).not.toHaveProperty('x-shoal-task')
  await expect.poll(() => one.gateway.calls.length).toBe(1)
  expect(one.gateway.calls[0]).toMatchObject({
    wire: 'opaque',
    method: 'PUT',
    path: '/v1/audio/x',
    status: 207,
  })
  expect(one.gateway.calls[0]).not.toHaveProperty('request')
})

test('header fields of one hop end at the gateway', async () => {
  const headers = { connection: 'keep-alive, x-hop', 'x-hop': '1', te: 'trailers', 'x-own': 'kept' }
  await new Promise<void>((done) => {
    nodeRequest(`${one.gateway.url}/v1/other`, { headers }, (response) =>
      response.resume().on('end', done),
    ).end()
  })
  expect(one.upstream.seen[0]!.headers).toMatchObject({ 'x-own': 'kept' })
  expect(one.upstream.seen[0]!.headers).not.toHaveProperty('x-hop')
  expect(one.upstream.seen[0]!.headers).not.toHaveProperty('te')
})

test('a text body of another path is kept with the call', async () => {
  await ask(one.gateway.url, '{"input": "text"}', '/v1/embeddings')
  await expect.poll(() => one.gateway.calls.length).toBe(1)
  expect(one.gateway.calls[0]).toMatchObject({ request: '{"input": "text"}', response: '{"input": "text"}' })
})

test('a chat call is forwarded byte for byte', async () => {
  const body = `{"model" : "big-model",\n "messages":[{"role":"user","content":"\\u00fc \u00fc 1e400"}], "seed": 12345678901234567890}`
  await ask(one.gateway.url, body)
  expect(one.upstream.seen[0]!.body.toString()).toBe(body)
})

test('a path outside /v1 is a 404 in the form of the wire', async () => {
  const { status, error } = await ask(one.gateway.url, '{}', '/v2/chat')
  expect(status).toBe(404)
  expect(error!.code).toBe('request.not-found')
})

test('probes and metrics answer', async () => {
  expect((await fetch(`${one.gateway.url}/healthz`)).status).toBe(200)
  const ready = await fetch(`${one.gateway.url}/readyz`)
  expect(await ready.json()).toMatchObject({ status: 'ready', problems: [] })
  await ask(one.gateway.url, question)
  const metrics = await (await fetch(`${one.gateway.url}/metrics`)).text()
  expect(metrics).toMatch(/shoal_calls_total\{served_by="upstream",reason="no-task",status="200"\} \d+/)
  expect(metrics).toContain('shoal_call_seconds_bucket')
  expect(metrics).toContain('shoal_recorder_calls{kind="taken"}')
})

test('a request that is too long to be kept still says whose call it is and which model was asked', async () => {
  const small = await startTestGateway({ upstreamUrl: one.upstream.url, keptLimitBytes: 1000 })
  const body = JSON.stringify({ model: 'big-model', safety_identifier: 'ada', input: 'a'.repeat(2000) })
  for (const path of ['/v1/responses', '/v1/embeddings']) await ask(small.url, body, path)
  await small.close()
  expect(small.calls).toHaveLength(2)
  expect(small.calls.map(({ endUser }) => endUser)).toEqual(Array(2).fill(endUserDigest('ada')))
  expect(small.calls[0]).toMatchObject({ model: 'big-model' })
  for (const call of small.calls) expect(call).not.toHaveProperty('request')
})
