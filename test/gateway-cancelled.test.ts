/** Ten thousand requests whose clients leave midway: nothing stays open, nothing is lost, nothing is mixed up. */
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { startTestGateway, type TestGateway, testUpstreams } from './support/test-gateway.ts'

const requests = 10_000
const atOnce = 100
/** When the client leaves. */
const moments = ['amid the request', 'before the answer', 'amid the answer'] as const

const upstream = { seen: 0, left: 0, open: new Set<ServerResponse>() }
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    upstream.seen++
    upstream.open.add(response)
    response.on('close', () => {
      upstream.open.delete(response)
      if (!response.writableFinished) upstream.left++
    })
    answer(response, request.headers['x-echo'] as string)
  })
})
let gateway: TestGateway

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`)
  const upstreams = testUpstreams([{ url }, { url, shape: 'anthropic' }], { answerTimeoutMs: 20_000 })
  gateway = await startTestGateway({ upstreams, maxForwarding: 1_000 })
})
afterAll(async () => {
  await gateway.close()
  server.closeAllConnections()
  server.close()
})

/** Streams on until the other side leaves; a request that names a text gets it back at once, as a whole. */
function answer(response: ServerResponse, echo: string | undefined): void {
  if (echo !== undefined) {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ choices: [{ message: { content: echo } }] }))
    return
  }
  const delta = { choices: [{ index: 0, delta: { content: 'word ' } }] }
  const piece = `event: content_block_delta\ndata: ${JSON.stringify({ ...delta, type: 'content_block_delta' })}\n\n`
  const begin = setTimeout(() => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(piece)
  }, 5)
  response.on('close', () => clearTimeout(begin))
}

/** Sends a request and leaves at its moment; resolves when the connection is gone. */
function leaveMidway(moment: (typeof moments)[number], path: string): Promise<void> {
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 9,
    stream: moment === 'amid the answer',
    messages: [{ role: 'user', content: 'Why?' }],
  })
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', reject).on('close', () => resolve())
    if (moment === 'amid the request') {
      socket.write(head + body.slice(0, 20), () => setTimeout(() => socket.destroy(), 1))
      return
    }
    socket.write(head + body, () => {
      if (moment === 'before the answer') setTimeout(() => socket.destroy(), 2)
    })
    socket.on('data', () => socket.destroy())
  })
}

test('10,000 clients that leave midway leave nothing behind', async () => {
  const random = seededRandom(7)
  const before = process.getActiveResourcesInfo().length
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < requests) {
      const turn = next++
      const moment = moments[random.below(3)]!
      await leaveMidway(moment, turn % 2 === 0 ? '/v1/chat/completions' : '/v1/messages')
      if (turn % 100 === 0) await expectOwnAnswer(`text ${turn}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))

  const left = () => gateway.calls.filter(({ error }) => error === 'request.client-left').length
  await expect.poll(left, { timeout: 10_000 }).toBe(requests)
  expect(gateway.calls.filter(({ status }) => status === 200)).toHaveLength(requests / 100)
  expect(gateway.calls).toHaveLength(requests + requests / 100)
  expect(new Set(gateway.calls.map(({ id }) => id)).size).toBe(gateway.calls.length)

  expect(upstream.seen).toBeGreaterThan(requests / 2)
  await expect.poll(() => upstream.open.size, { timeout: 5_000 }).toBe(0)
  expect(upstream.left).toBe(upstream.seen - requests / 100)
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
  expect(metrics).toMatch(/^shoal_forwarding 0$/m)
  expect(metrics).toMatch(/^shoal_upstream_active\{upstream="first"\} 0$/m)
  expect(metrics).toMatch(/^shoal_upstream_active\{upstream="second"\} 0$/m)
  expect(metrics).not.toMatch(/^shoal_upstream_failures_total\{/m)
  await expect
    .poll(() => process.getActiveResourcesInfo().length, { timeout: 10_000 })
    .toBeLessThan(before + 20)
}, 60_000)

async function expectOwnAnswer(text: string): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-echo': text },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: text }] }),
  })
  expect(JSON.parse(await response.text()).choices[0].message.content).toBe(text)
}
