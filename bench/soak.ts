/**
 * Fifteen minutes at 500 calls a second, local, forwarded, streamed, `/v1/messages` and cancelled, against the built command:
 * no error, no answer mixed up, every call kept, memory flat. SHOAL_SOAK_SECONDS makes it shorter, as in CI.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../src/base/clock.ts'
import { taskId } from '../src/base/ids.ts'
import type { JsonObject } from '../src/base/json.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'
import { trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { cpuSeconds, startGateway } from './gateway-setup.ts'
import type { Bench, Figure } from './harness.ts'

const callsPerSecond = 500
const seconds = Number(process.env['SHOAL_SOAK_SECONDS'] ?? 900)
/** Three minutes, or a third of a shorter run. */
const settleSeconds = Math.min(180, seconds / 3)
/** A short run is still filling buffers and compiling. */
const growthLimit = seconds >= 600 ? 0.05 : 0.25
const sampleSeconds = Math.min(5, seconds / 30)
const system = 'You sort messages. Answer with JSON {"intent": …}.'

export const bench: Bench = {
  name: 'soak',
  title:
    'soak: 15 minutes at 500 calls/s, mixed local, forwarded, streaming, cancelled: no error, RSS flat within 5% after the third minute',
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-soak-'))
    const upstream = fork(fileURLToPath(new URL('soak-upstream.mjs', import.meta.url)))
    const load = fork(fileURLToPath(new URL('soak-load.mjs', import.meta.url)))
    try {
      const [{ port }] = (await once(upstream, 'message')) as [{ port: number }]
      await trainHome(folder, seed)
      const gateway = await startGateway(folder, { yaml: configuration(port) })
      const samples: Sample[] = []
      const begin = performance.now()
      const { pid } = gateway.child
      const timer = setInterval(() => samples.push(sampleOf(pid!, begin)), sampleSeconds * 1000)
      load.send({ url: gateway.url, callsPerSecond, seconds, system, seed })
      const [done] = (await once(load, 'message')) as [Done]
      clearInterval(timer)
      await gateway.stop()
      const kept = await keptCalls(folder)
      return {
        seed,
        options: { callsPerSecond, seconds, settleSeconds },
        data: {},
        figures: figuresOf(done, samples, kept),
        results: { ...done, kept, samples: thinned(samples) },
      }
    } finally {
      upstream.kill()
      load.kill()
      await rm(folder, { recursive: true })
    }
  },
}

/** Two upstreams by name, so that fallback is armed all the time. */
function configuration(port: number): string {
  const url = `http://127.0.0.1:${port}/v1`
  return [
    'upstreams:',
    `  main: { url: "${url}" }`,
    `  spare: { url: "${url}" }`,
    `  messages: { url: "${url}", shape: anthropic }`,
    '',
  ].join('\n')
}

interface Done extends JsonObject {
  readonly sent: number
  readonly seconds: number
  readonly answeredLocally: number
  /** Given up so soon that the gateway may never have seen them. */
  readonly cancelledEarly: number
  readonly kinds: { readonly [kind: string]: { readonly calls: number; readonly failed: number } }
  readonly problems: readonly string[]
}

interface Sample extends JsonObject {
  readonly second: number
  readonly rssMiB: number
  readonly files: number
  readonly cpuSeconds: number
}

/** A specialist of twelve intents, trained as `shoal train` would, on texts that say them in several ways. */
async function trainHome(folder: string, seed: number): Promise<void> {
  const labels = Array.from({ length: 12 }, (_, at) => `intent-${at}`)
  const ways = [
    'please help me with',
    'I have a question on',
    'what about',
    'something is wrong with',
    'how do I use',
  ]
  const examples = Array.from({ length: 6_000 }, (_, at): Example => {
    const text = `${ways[Math.floor(at / 12) % ways.length]} topic-${at % 12} today, reference ${at}`
    const input = { kind: 'text', text } as const
    const output = { kind: 'labels', labels: [labels[at % 12]!] } as const
    return { id: exampleId(input), input, output, source: 'gold', weight: 1 }
  })
  const task: Task = {
    id: taskId('soak'),
    kind: 'classification',
    space: { kind: 'labels', labels, multiple: false },
    rendering: { kind: 'json', before: '{"intent":"', after: '"}' },
    template: {
      messages: [
        { role: 'system', constants: [system], slots: [] },
        { role: 'user', constants: ['Message: ', ''], slots: ['text'] },
      ],
    },
    risk: { risk: 0.02, delta: 0.05 },
    masked: true,
    paused: false,
  }
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  await store.tasks.put(task)
  await store.close()
  const registry = openDiskRegistry(join(folder, 'registry'))
  const trained = await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'bench' },
    { task, examples, notes: [] },
    { seed, withoutBaselines: true },
  )
  await registry.promote(trained.manifest.id)
}

function sampleOf(pid: number, begin: number): Sample {
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return {
    second: Math.round((performance.now() - begin) / 1000),
    rssMiB: Math.round(kib / 102.4) / 10,
    files: readdirSync(`/proc/${pid}/fd`).length,
    cpuSeconds: cpuSeconds(pid) ?? 0,
  }
}

/** Calls of clients in the store. */
async function keptCalls(folder: string): Promise<number> {
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const { calls } = await store.ledger.totals({})
  await store.close()
  return calls
}

function figuresOf(done: Done, samples: readonly Sample[], kept: number): readonly Figure[] {
  const failed = Object.values(done.kinds).reduce((sum, kind) => sum + kind.failed, 0)
  const settled = samples.filter(({ second }) => second >= settleSeconds).map(({ rssMiB }) => rssMiB)
  const base = median(settled.slice(0, 12))
  const most = Math.max(...settled)
  return [
    {
      what: `soak, ${seconds} s at ${callsPerSecond} calls/s, mixed: calls that failed or were answered wrongly`,
      measured: `${failed} of ${done.sent} (${done.answeredLocally} answered locally)`,
      target: '0',
      met: failed === 0 && done.sent === callsPerSecond * seconds && done.answeredLocally > 0,
    },
    {
      what: `memory after second ${Math.round(settleSeconds)}: most over the median of the first samples`,
      measured: `${most} MiB over ${base} MiB: ${((most / base - 1) * 100).toFixed(1)}%`,
      target: `at most ${growthLimit * 100}%`,
      met: most <= base * (1 + growthLimit),
    },
    {
      what: 'calls kept',
      measured: `${kept} of ${done.sent}, of which ${done.cancelledEarly} were cancelled before they may have arrived`,
      target: 'all that arrived',
      met: kept >= done.sent - done.cancelledEarly && kept <= done.sent,
    },
  ]
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** At most a hundred, for the document. */
function thinned(samples: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(samples.length / 100)
  return samples.filter((_, at) => at % step === 0)
}
