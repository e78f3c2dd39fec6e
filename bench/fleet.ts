/** A thousand nano specialists behind one gateway, called by Zipf's law: memory, latency of all calls, and of those whose weights were not in memory. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import type { JsonObject } from '../src/base/json.ts'
import { dataFolder } from './data/labelled-sets.ts'
import { type FleetHome, fleetHome } from './fleet-home.ts'
import { cpuSeconds, type RunningGateway, startGateway } from './gateway-setup.ts'
import { type Bench, type Figure, fileDigest } from './harness.ts'

const specialists = Number(process.env['SHOAL_FLEET'] ?? 1000)
const seconds = Number(process.env['SHOAL_FLEET_SECONDS'] ?? 120)
const perSecond = 300
const trained = 8
/** The process's own first calls, of the first 20 tasks, are left out: what is measured is cold specialists, not a cold process. */
const warmUpSeconds = 3
/** The default, and a quarter of what the whole fleet takes, where weights come and go all the time. */
const memories = ['1GiB', '256MiB'] as const

export const bench: Bench = {
  name: 'fleet',
  title:
    '1,000 nano specialists of 20 classes behind one gateway, Zipf(1.0), 300 calls/s for two minutes, in at most 2 GB: p99 at most 10 ms, cold at most 25 ms',
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-fleet-'))
    const load = fork(fileURLToPath(new URL('fleet-load.mjs', import.meta.url)))
    try {
      const home = await fleetHome(folder, { seed, specialists, trained })
      const runs: Measured[] = []
      for (const memory of memories) runs.push(await measure(load, { folder, home, seed, memory }))
      const clinc = join(dataFolder(), 'clinc150', 'data_full.json')
      return {
        seed,
        options: {
          specialists,
          seconds,
          perSecond,
          trained,
          warmUpSeconds,
          weightBytes: home.meanBytes,
          ngrams: home.meanRows,
        },
        data: { 'clinc150/data_full.json': await fileDigest(clinc) },
        figures: runs.flatMap(figuresOf),
        results: runs.map((run) => ({ ...run })),
      }
    } finally {
      load.kill()
      await rm(folder, { recursive: true })
    }
  },
}

interface Latencies extends JsonObject {
  readonly calls: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

interface Measured extends JsonObject {
  readonly memory: string
  readonly startMs: number
  readonly all: Latencies
  /** First calls of a specialist; where weights left memory, later calls may have found them out too. */
  readonly cold: Latencies
  readonly notOk: number
  readonly notLocal: number
  readonly reasons: JsonObject
  readonly rssPeakBytes: number
  readonly cpuMicrosPerCall: number
  readonly weights: JsonObject
}

interface Run {
  readonly folder: string
  readonly home: FleetHome
  readonly seed: number
  readonly memory: string
}

async function measure(load: ChildProcess, { folder, home, seed, memory }: Run): Promise<Measured> {
  const began = performance.now()
  const gateway = await startGateway(folder, {
    yaml: `upstream:\n  url: none\nlocal:\n  memory: ${memory}\n`,
  })
  const startMs = Math.round(performance.now() - began)
  try {
    const cpu = cpuSeconds(gateway.child.pid!) ?? Number.NaN
    load.send({ port: gateway.port, callsFile: home.callsFile, seed, perSecond, seconds, warmUpSeconds })
    const [results] = (await once(load, 'message')) as [readonly Result[]]
    const used = (cpuSeconds(gateway.child.pid!) ?? Number.NaN) - cpu
    const measured = {
      ...{ memory, startMs },
      all: latencies(results),
      cold: latencies(results.filter(({ isFirst }) => isFirst)),
      notOk: results.filter(({ ok }) => !ok).length,
      notLocal: results.filter(({ local }) => !local).length,
      reasons: countReasons(results),
      rssPeakBytes: peakBytes(gateway.child.pid!),
      cpuMicrosPerCall: Math.round((used * 1e6) / results.length),
      weights: await weightCounts(gateway),
    }
    process.stderr.write(`${JSON.stringify(measured)}\n`)
    return measured
  } finally {
    await gateway.stop()
  }
}

interface Result {
  readonly isFirst: boolean
  readonly local: boolean
  readonly ok: boolean
  readonly ms: number
  readonly reason?: string
}

function latencies(results: readonly Result[]): Latencies {
  const sorted = results.map(({ ms }) => ms).sort((a, b) => a - b)
  const at = (share: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(2))
  return { calls: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: at(1) }
}

function countReasons(results: readonly Result[]): JsonObject {
  const counts: Record<string, number> = {}
  for (const { reason } of results) counts[reason ?? ''] = (counts[reason ?? ''] ?? 0) + 1
  return counts
}

/** The most memory that the process ever held at once, by Linux. */
function peakBytes(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(found?.[1]) * 1024
}

async function weightCounts(gateway: RunningGateway): Promise<JsonObject> {
  const text = await (await request(`${gateway.url}/metrics`)).body.text()
  const found = [
    ...text.matchAll(/^shoal_(specialists?_(?:loaded|memory_bytes|loads|load_failures|evictions)) (\d+)$/gm),
  ]
  return Object.fromEntries(found.map(([, name, value]) => [name!, Number(value)]))
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

function figuresOf({
  memory,
  startMs,
  all,
  cold,
  rssPeakBytes,
  notOk,
  weights,
}: Measured): readonly Figure[] {
  const what = `${specialists} specialists, Zipf(1.0), ${perSecond} calls/s for ${seconds} s, memory ${memory}`
  const loads = `${String(weights['specialist_loads'])} loads, ${String(weights['specialist_evictions'])} evictions`
  return [
    {
      what: `${what}: peak RSS`,
      measured: megabytes(rssPeakBytes),
      target: 'at most 2,000 MB',
      met: rssPeakBytes <= 2e9,
    },
    {
      what: `${what}: p99 of all calls`,
      measured: `${all.p99Ms} ms (p50 ${all.p50Ms}, max ${all.maxMs}; ${all.calls} calls, ${notOk} not answered; ${loads})`,
      target: 'at most 10 ms, no error',
      met: all.p99Ms <= 10 && notOk === 0,
    },
    {
      what: `${what}: first call of a specialist`,
      measured: `p99 ${cold.p99Ms} ms (p50 ${cold.p50Ms}, p95 ${cold.p95Ms}, max ${cold.maxMs}; ${cold.calls} calls)`,
      target: 'at most 25 ms',
      met: cold.p99Ms <= 25,
    },
    { what: `${what}: start`, measured: `${startMs} ms`, target: 'at most 3,000 ms', met: startMs <= 3000 },
  ]
}
