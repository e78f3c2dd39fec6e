/** Every kind of fault of an upstream, with a second one behind it: each call is answered or ends in a clean error, in time. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askOnce, type FaultResult, manners } from './support/fault-calls.ts'
import { type FaultyUpstream, faults, faultyUpstream } from './support/faulty-upstream.ts'
import { startTestGateway, type TestGateway, testUpstreams } from './support/test-gateway.ts'

const answerTimeoutMs = 1_000
/** For a machine that does other things too; the bench measures. */
const slackMs = 4_000
const calls = 3
const kindsAtOnce = 8
const kinds = ['refused connection', 'unknown host', ...Object.keys(faults)]

let upstream: FaultyUpstream
let gateway: TestGateway
const results = new Map<string, readonly FaultResult[]>()

beforeAll(async () => {
  upstream = await faultyUpstream()
  gateway = await startTestGateway({ upstreams: upstreams(), maxForwarding: 1_000 })
  for (let at = 0; at < kinds.length; at += kindsAtOnce)
    await Promise.all(kinds.slice(at, at + kindsAtOnce).map(askAll))
}, 60_000)
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

async function askAll(kind: string): Promise<void> {
  const asked = manners.flatMap((manner, at) =>
    Array.from({ length: calls }, (_, turn) =>
      askOnce(gateway.url, manner, { model: slug(kind), text: `${kind} ${at} ${turn}` }),
    ),
  )
  results.set(kind, await Promise.all(asked))
}

/** A model for each kind, which one upstream takes before the good one does; for both APIs. */
function upstreams() {
  const members = (['openai', 'anthropic'] as const).flatMap((shape) => [
    ...kinds.map((kind) => ({
      name: `${shape}-${slug(kind)}`,
      shape,
      models: [slug(kind)],
      url: urlOf(kind),
      apiKey: 'k',
    })),
    { name: `${shape}-good`, shape, url: upstream.urlOf('good'), apiKey: 'k' },
  ])
  return testUpstreams(members, { answerTimeoutMs, bodyLimitBytes: 2 ** 20 })
}

function urlOf(kind: string): URL {
  if (kind === 'refused connection') return new URL('http://127.0.0.1:1/v1')
  if (kind === 'unknown host') return new URL('http://upstream.invalid/v1')
  return upstream.urlOf(kind)
}

function slug(kind: string): string {
  return kind.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

test.each(kinds)('%s: every call is answered or ends in a clean error, in time', (kind) => {
  const all = results.get(kind)!
  expect(all).toHaveLength(calls * manners.length)
  expect(all.filter((result) => result.kind === 'bad')).toEqual([])
  expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(answerTimeoutMs + slackMs)
})

test('what fails before the client has seen a word of it is answered by the second upstream', () => {
  const visible = new Set([
    'hang in the body',
    'reset in the body',
    'a stream without its end',
    'content-length too long',
  ])
  for (const kind of kinds.filter((name) => !visible.has(name)))
    expect([kind, results.get(kind)!.filter((result) => result.kind !== 'answered')]).toEqual([kind, []])
})

test('no socket to the upstream stays open but those that are kept for the next call', async () => {
  await expect.poll(() => upstream.openSockets, { timeout: 5_000 }).toBeLessThan(200)
})
