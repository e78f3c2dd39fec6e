/** Calls that a nano specialist answers, against a bare server that returns the same bytes: at least 0.6 of its calls a second. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import type { JsonObject } from '../src/base/json.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { cpuSeconds, dataFolder, gatewayHome, type RunningGateway, startGateway } from './gateway-setup.ts'
import { type Bench, fileDigest } from './harness.ts'

const connections = 64
const sliceSeconds = 3
const rounds = 5
const local = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const bench: Bench = {
  name: 'gateway-local',
  title:
    'gateway, answers by a nano specialist: at least 0.6 of a bare node:http server that reads and parses the same body and returns the same bytes',
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-gateway-'))
    const load = fork(local('gateway-load.mjs'))
    try {
      const home = await gatewayHome(folder, { seed })
      const results = await measure(load, home.bodiesFile, folder)
      return {
        seed,
        options: { connections, sliceSeconds, rounds, bodies: home.bodies },
        data: { 'banking77/train.csv': await fileDigest(join(dataFolder, 'banking77', 'train.csv')) },
        results,
      }
    } finally {
      load.kill()
      await rm(folder, { recursive: true })
    }
  },
}

interface Slice {
  readonly answers: number
  readonly local: number
  readonly failed: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Target {
  readonly pid: number
  readonly port: number
}

/** Bare server and gateway in turn, so that what else the machine does falls on both. */
async function measure(load: ChildProcess, bodiesFile: string, folder: string): Promise<JsonObject> {
  const gateway = await startGateway(folder, { yaml: 'upstream:\n  url: none\n' })
  const bare = fork(local('gateway-bare.mjs'))
  try {
    bare.send(await sampleAnswer(gateway, bodiesFile))
    const [{ port }] = (await once(bare, 'message')) as [{ port: number }]
    const targets = {
      bare: { pid: bare.pid!, port },
      gateway: { pid: gateway.child.pid!, port: gateway.port },
    }
    await slice(load, targets.bare, bodiesFile)
    const warm = await slice(load, targets.gateway, bodiesFile)
    const pairs: { readonly bare: Measured; readonly gateway: Measured }[] = []
    for (let round = 0; round < rounds; round++) {
      const first = await slice(load, targets.bare, bodiesFile)
      pairs.push({ bare: first, gateway: await slice(load, targets.gateway, bodiesFile) })
    }
    const answers = 1 + warm.answers + pairs.reduce((sum, pair) => sum + pair.gateway.answers, 0)
    await gateway.stop()
    return { ...summary(pairs), keeping: await keeping(folder, answers), target: { ratio: 0.6 } }
  } finally {
    bare.kill()
    await gateway.stop()
  }
}

type Measured = Slice & { readonly cpuMicros: number | undefined }

async function slice(load: ChildProcess, { pid, port }: Target, bodiesFile: string): Promise<Measured> {
  const before = cpuSeconds(pid)
  load.send({ port, seconds: sliceSeconds, connections, bodiesFile })
  const [measured] = (await once(load, 'message')) as [Slice]
  const after = cpuSeconds(pid)
  if (measured.failed > 0) throw new Error(`${measured.failed} calls failed`)
  const isKnown = before !== undefined && after !== undefined
  return { ...measured, cpuMicros: isKnown ? ((after - before) * 1e6) / measured.answers : undefined }
}

/** One answer of the gateway, for the bare server to repeat. */
async function sampleAnswer(gateway: RunningGateway, bodiesFile: string): Promise<JsonObject> {
  const [body] = (await readFile(bodiesFile, 'utf8')).split('\n')
  const answer = await request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    body: body!,
    headers: { 'content-type': 'application/json' },
    responseHeaders: 'raw',
  })
  const raw = answer.headers as unknown as string[]
  const fields: string[] = []
  for (let at = 0; at < raw.length; at += 2)
    if (/^(x-shoal|content-)/i.test(raw[at]!)) fields.push(raw[at]!, raw[at + 1]!)
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !fields.includes('certified')) throw new Error(`not local: ${text}`)
  return { fields, body: text }
}

function summary(pairs: readonly { readonly bare: Measured; readonly gateway: Measured }[]): JsonObject {
  const of = (name: 'bare' | 'gateway') => {
    const slices = pairs.map((pair) => pair[name])
    return {
      perSecond: Math.round(median(slices.map((one) => one.perSecond))),
      p50Ms: median(slices.map((one) => one.p50Ms)),
      p99Ms: median(slices.map((one) => one.p99Ms)),
      cpuMicrosPerCall: Number(median(slices.map((one) => one.cpuMicros ?? Number.NaN)).toFixed(1)),
      slices: slices.map((one) => Math.round(one.perSecond)),
    }
  }
  const ratios = pairs.map((pair) => pair.gateway.perSecond / pair.bare.perSecond)
  const answers = pairs.reduce((sum, pair) => sum + pair.gateway.answers, 0)
  const answeredLocally = pairs.reduce((sum, pair) => sum + pair.gateway.local, 0)
  return {
    ratio: Number(median(ratios).toFixed(3)),
    ratios: ratios.map((ratio) => Number(ratio.toFixed(3))),
    bare: of('bare'),
    gateway: of('gateway'),
    answers,
    answeredLocally,
  }
}

/** Whether every answered call is in the store. */
async function keeping(folder: string, answered: number): Promise<JsonObject> {
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const inStore = await store.calls.count()
  await store.close()
  return { answered, inStore }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
