/** Calls that a nano specialist answers, against a bare server that returns the same bytes: at least 0.6 of its calls a second. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import type { Json, JsonObject } from '../src/base/json.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { dataFolder } from './data/labelled-sets.ts'
import { cpuSeconds, gatewayHome, type RunningGateway, startGateway } from './gateway-setup.ts'
import { type Bench, type Figure, fileDigest } from './harness.ts'

const connections = 64
const sliceSeconds = 3
const rounds = 4
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
        data: { 'banking77/train.csv': await fileDigest(join(dataFolder(), 'banking77', 'train.csv')) },
        figures: figuresOf(results),
        results: { sockets: results.sockets, undici: results.undici, keeping: results.keeping },
      }
    } finally {
      load.kill()
      await rm(folder, { recursive: true })
    }
  },
}

type LoadKind = 'sockets' | 'undici'

interface Results {
  readonly sockets: Compared
  readonly undici: Compared
  readonly keeping: Keeping
}

/** Calls: answered by the gateway, taken by its recorder, given up because the queue was full, found in the store afterwards. */
interface Keeping {
  readonly answered: number
  readonly taken: number
  readonly notKept: number
  readonly inStore: number
  readonly [name: string]: Json
}

function figuresOf({ sockets, undici, keeping }: Results): readonly Figure[] {
  const figure = (kind: LoadKind, { ratio, bare, gateway }: Compared): Figure => ({
    what: `answers by a nano specialist, share of a bare server's calls/s, load by ${kind}`,
    measured: `${ratio} (${gateway.perSecond}/s; CPU ${gateway.cpuMicrosPerCall} µs a call)`,
    target: 'at least 0.6',
    met: ratio >= 0.6,
    peer: `bare node:http ${bare.perSecond}/s; CPU ${bare.cpuMicrosPerCall} µs a call`,
  })
  return [
    figure('sockets', sockets),
    figure('undici', undici),
    {
      what: 'answered calls that are in the store or counted as not kept',
      measured: `${keeping.inStore} + ${keeping.notKept} of ${keeping.answered}`,
      target: 'all',
      met: keeping.inStore + keeping.notKept === keeping.answered && keeping.taken === keeping.answered,
    },
  ]
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
async function measure(load: ChildProcess, bodiesFile: string, folder: string): Promise<Results> {
  const gateway = await startGateway(folder, { yaml: 'upstream:\n  url: none\n' })
  const bare = fork(local('gateway-bare.mjs'))
  try {
    bare.send(await sampleAnswer(gateway, bodiesFile))
    const [{ port }] = (await once(bare, 'message')) as [{ port: number }]
    const targets = {
      bare: { pid: bare.pid!, port },
      gateway: { pid: gateway.child.pid!, port: gateway.port },
    }
    let answered = 1
    const compare = async (kind: LoadKind): Promise<Compared> => {
      const pairs: Pair[] = []
      for (let round = 0; round <= rounds; round++) {
        const first = await slice(load, targets.bare, { kind, bodiesFile })
        const second = await slice(load, targets.gateway, { kind, bodiesFile })
        answered += second.answers
        pairs.push({ bare: first, gateway: second })
      }
      return summary(pairs.slice(1))
    }
    const sockets = await compare('sockets')
    const undici = await compare('undici')
    const { taken, notKept } = await recorderCounts(gateway.url)
    await gateway.stop()
    return { sockets, undici, keeping: { answered, taken, notKept, inStore: await countCalls(folder) } }
  } finally {
    bare.kill()
    await gateway.stop()
  }
}

type Measured = Slice & { readonly cpuMicros: number | undefined }

interface Pair {
  readonly bare: Measured
  readonly gateway: Measured
}

async function slice(
  load: ChildProcess,
  { pid, port }: Target,
  what: { readonly kind: LoadKind; readonly bodiesFile: string },
): Promise<Measured> {
  const before = cpuSeconds(pid)
  load.send({ port, seconds: sliceSeconds, connections, ...what })
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

interface Compared {
  readonly ratio: number
  readonly ratios: readonly number[]
  readonly bare: Speed
  readonly gateway: Speed
  readonly answers: number
  readonly answeredLocally: number
  readonly [name: string]: Json
}

interface Speed {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMicrosPerCall: number
  readonly slices: readonly number[]
  readonly [name: string]: Json
}

function summary(pairs: readonly Pair[]): Compared {
  const of = (name: keyof Pair): Speed => {
    const slices = pairs.map((pair) => pair[name])
    return {
      perSecond: Math.round(median(slices.map((one) => one.perSecond))),
      p50Ms: Number(median(slices.map((one) => one.p50Ms)).toFixed(2)),
      p99Ms: Number(median(slices.map((one) => one.p99Ms)).toFixed(2)),
      cpuMicrosPerCall: Number(median(slices.map((one) => one.cpuMicros ?? Number.NaN)).toFixed(1)),
      slices: slices.map((one) => Math.round(one.perSecond)),
    }
  }
  const ratios = pairs.map((pair) => pair.gateway.perSecond / pair.bare.perSecond)
  return {
    ratio: Number(median(ratios).toFixed(3)),
    ratios: ratios.map((ratio) => Number(ratio.toFixed(3))),
    bare: of('bare'),
    gateway: of('gateway'),
    answers: pairs.reduce((sum, pair) => sum + pair.gateway.answers, 0),
    answeredLocally: pairs.reduce((sum, pair) => sum + pair.gateway.local, 0),
  }
}

/** The recorder's counts once nothing waits any more. */
async function recorderCounts(url: string): Promise<{ readonly taken: number; readonly notKept: number }> {
  for (;;) {
    const answer = await request(`${url}/metrics`)
    const text = await answer.body.text()
    const count = (kind: string): number =>
      Number(new RegExp(`^shoal_recorder_calls\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1])
    if (count('queued') === 0) return { taken: count('taken'), notKept: count('notKept') }
    await new Promise((done) => setTimeout(done, 100))
  }
}

async function countCalls(folder: string): Promise<number> {
  const store = await openLibsqlStore({ path: join(folder, 'store.db') })
  const count = await store.calls.count()
  await store.close()
  return count
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
