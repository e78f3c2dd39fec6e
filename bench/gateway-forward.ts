/** Calls that are forwarded, against the same calls sent straight to the upstream: what the gateway adds. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import type { Json, JsonObject } from '../src/base/json.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { startGateway } from './gateway-setup.ts'
import type { Bench, Figure } from './harness.ts'

/** To each of the two, spread evenly; they alternate, so that what else the machine does falls on both. */
const callsPerSecond = 200
const seconds = 15
const warmSeconds = 3

export const bench: Bench = {
  name: 'gateway-forward',
  title:
    'gateway, forwarded call: p50 added at most 1 ms, p99 at most 4 ms at 200 calls/s; first streamed byte added at most 2 ms',
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-forward-'))
    const upstream = fork(fileURLToPath(new URL('gateway-upstream.mjs', import.meta.url)))
    try {
      const [{ port }] = (await once(upstream, 'message')) as [{ port: number }]
      const direct = `http://127.0.0.1:${port}/v1`
      const gateway = await startGateway(folder, { yaml: `upstream:\n  url: ${direct}\n` })
      const through = `${gateway.url}/v1`
      const measured = await measure({ direct, through }, seed)
      await gateway.stop()
      return {
        seed,
        options: { callsPerSecond, seconds, upstreamDelayMs: 10 },
        data: {},
        figures: figuresOf(measured),
        results: { ...measured, keeping: await keeping(folder) },
      }
    } finally {
      upstream.kill()
      await rm(folder, { recursive: true })
    }
  },
}

interface Measured {
  readonly plain: Compared
  readonly firstStreamedByte: Compared
}

function figuresOf({ plain, firstStreamedByte }: Measured): readonly Figure[] {
  const figure = (what: string, added: number, limit: number): Figure => ({
    what,
    measured: `${added} ms`,
    target: `at most ${limit} ms`,
    met: added <= limit,
  })
  return [
    figure('forwarded call, p50 added at 200 calls/s', plain.p50AddedMs, 1),
    figure('forwarded call, p99 added at 200 calls/s', plain.p99AddedMs, 4),
    figure('first streamed byte, p50 added at 200 calls/s', firstStreamedByte.p50AddedMs, 2),
  ]
}

interface Addresses {
  readonly direct: string
  readonly through: string
}

async function measure(addresses: Addresses, seed: number): Promise<Measured> {
  await alternate(addresses, { streaming: false, seconds: warmSeconds, seed })
  const plain = await alternate(addresses, { streaming: false, seconds, seed })
  await alternate(addresses, { streaming: true, seconds: warmSeconds, seed })
  const streamed = await alternate(addresses, { streaming: true, seconds, seed })
  return { plain: compared(plain), firstStreamedByte: compared(streamed) }
}

interface Load {
  readonly streaming: boolean
  readonly seconds: number
  readonly seed: number
}

interface Latencies {
  readonly direct: number[]
  readonly through: number[]
}

/** Sends at fixed times whatever became of the calls before, first to one address and then to the other. */
async function alternate(addresses: Addresses, load: Load): Promise<Latencies> {
  const latencies: Latencies = { direct: [], through: [] }
  const agents = { direct: new Agent(), through: new Agent() }
  const gapMs = 1000 / callsPerSecond / 2
  const begin = performance.now()
  const pending: Promise<void>[] = []
  for (let turn = 0; turn < load.seconds * callsPerSecond * 2; turn++) {
    const waitMs = begin + turn * gapMs - performance.now()
    if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs))
    const name = turn % 2 === 0 ? 'direct' : 'through'
    pending.push(
      call(agents[name], addresses[name], { ...load, turn }).then((ms) => {
        latencies[name].push(ms)
      }),
    )
  }
  await Promise.all(pending)
  await Promise.all([agents.direct.close(), agents.through.close()])
  return latencies
}

/** Milliseconds to the whole answer, or to the first byte of a streamed one. */
async function call(
  agent: Agent,
  address: string,
  { streaming, turn, seed }: Load & { readonly turn: number },
): Promise<number> {
  const body = JSON.stringify({
    model: 'big-model',
    stream: streaming,
    messages: [
      { role: 'system', content: 'You answer in a few words. '.repeat(60) },
      { role: 'user', content: `Question ${seed}-${turn}: what is it?` },
    ],
  })
  const sentMs = performance.now()
  const answer = await request(`${address}/chat/completions`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
    dispatcher: agent,
  })
  let firstMs: number | undefined
  for await (const _ of answer.body) firstMs ??= performance.now() - sentMs
  if (answer.statusCode !== 200 || firstMs === undefined) throw new Error(`status ${answer.statusCode}`)
  return streaming ? firstMs : performance.now() - sentMs
}

interface Compared {
  readonly p50AddedMs: number
  readonly p99AddedMs: number
  readonly direct: JsonObject
  readonly through: JsonObject
  readonly [name: string]: Json
}

function compared({ direct, through }: Latencies): Compared {
  const added = (share: number): number => round(quantile(through, share) - quantile(direct, share))
  const of = (values: readonly number[]) => ({
    calls: values.length,
    p50Ms: round(quantile(values, 0.5)),
    p90Ms: round(quantile(values, 0.9)),
    p99Ms: round(quantile(values, 0.99)),
  })
  return { p50AddedMs: added(0.5), p99AddedMs: added(0.99), direct: of(direct), through: of(through) }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function round(value: number): number {
  return Number(value.toFixed(3))
}

async function keeping(folder: string): Promise<JsonObject> {
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const inStore = await store.calls.count()
  await store.close()
  return { answered: 2 * callsPerSecond * (seconds + warmSeconds), inStore }
}
