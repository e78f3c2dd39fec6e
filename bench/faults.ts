/** Every kind of fault of an upstream, a hundred calls of each in each manner, with a second upstream behind it: what becomes of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from 'undici'
import type { JsonObject } from '../src/base/json.ts'
import { askOnce, type FaultResult, type Manner, manners } from '../test/support/fault-calls.ts'
import { type FaultyUpstream, faults, faultyUpstream } from '../test/support/faulty-upstream.ts'
import { type RunningGateway, startGateway } from './gateway-setup.ts'
import type { Bench, Figure } from './harness.ts'

const callsEach = 100
const atOnce = 20
const kindsAtOnce = 4
const timeoutMs = 4_000
const kinds = ['refused connection', 'unknown host', ...Object.keys(faults)]

export const bench: Bench = {
  name: 'faults',
  title: `${kinds.length} kinds of upstream fault, ${callsEach} calls of each in each of four manners, with a second upstream: every call is answered or ends in a clean error; p99 under the timeout`,
  run: async ({ seed }) => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-faults-'))
    const upstream = await faultyUpstream()
    try {
      const gateway = await startGateway(folder, { yaml: configuration(upstream) })
      const rounds = [await round(gateway, upstream), await round(gateway, upstream)]
      await gateway.stop()
      const rows = rounds.flatMap(({ rows }) => rows)
      return {
        seed,
        options: { callsEach, atOnce, kindsAtOnce, timeoutMs, manners: manners.map(nameOf) },
        data: {},
        figures: figuresOf(rows, rounds),
        results: { rows, rounds: rounds.map(({ leftOver }) => leftOver) },
      }
    } finally {
      await upstream.close()
      await rm(folder, { recursive: true })
    }
  },
}

/** An upstream for each kind and API, which takes the kind's model before the good one does. */
function configuration(upstream: FaultyUpstream): string {
  const lines = [
    'server: { bodyLimit: 4MiB }',
    `upstream: { answerTimeout: ${timeoutMs}ms, connectTimeout: 2s, silenceTimeout: 1s }`,
    'upstreams:',
  ]
  for (const shape of ['openai', 'anthropic']) {
    const add = (name: string, url: string, models: string): void => {
      lines.push(`  ${shape}-${name}: { url: "${url}", shape: ${shape}, apiKey: k${models} }`)
    }
    for (const kind of kinds) add(slug(kind), urlOf(upstream, kind), `, models: ["${slug(kind)}"]`)
    add('good', upstream.urlOf('good').href, '')
  }
  return `${lines.join('\n')}\n`
}

function urlOf(upstream: FaultyUpstream, kind: string): string {
  if (kind === 'refused connection') return 'http://127.0.0.1:1/v1'
  if (kind === 'unknown host') return 'http://upstream.invalid/v1'
  return upstream.urlOf(kind).href
}

function slug(kind: string): string {
  return kind.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

function nameOf({ wire, streaming }: Manner): string {
  return `${wire === 'chat' ? '/v1/chat/completions' : '/v1/messages'}${streaming ? ', streamed' : ''}`
}

interface Row extends JsonObject {
  readonly kind: string
  readonly manner: string
  readonly answered: number
  readonly cleanErrors: number
  readonly bad: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Code → how often. */
  readonly errors: JsonObject
}

interface LeftOver extends JsonObject {
  readonly rssMiB: number
  readonly sockets: number
}

interface Round {
  readonly rows: readonly Row[]
  readonly leftOver: LeftOver
}

async function round(gateway: RunningGateway, upstream: FaultyUpstream): Promise<Round> {
  const rows: Row[] = []
  for (let at = 0; at < kinds.length; at += kindsAtOnce) {
    const some = kinds.slice(at, at + kindsAtOnce)
    const done = await Promise.all(some.map((kind) => rowsOf(gateway, kind)))
    rows.push(...done.flat())
    console.error(`${some.join(', ')}: done`)
  }
  // Kept connections close after some seconds without a call.
  await new Promise((done) => setTimeout(done, 8_000))
  if (upstream.openSockets > 0) console.error(`${upstream.openSockets} connections to the upstream are open`)
  return { rows, leftOver: leftOverOf(gateway.child.pid!) }
}

async function rowsOf(gateway: RunningGateway, kind: string): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const manner of manners) rows.push(rowOf(kind, manner, await askMany(gateway.url, kind, manner)))
  return rows
}

async function askMany(url: string, kind: string, manner: Manner): Promise<readonly FaultResult[]> {
  const dispatcher = new Agent({ connections: atOnce })
  const results: FaultResult[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < callsEach) {
      const text = `${kind}, call ${next++}`
      results.push(await askOnce(url, manner, { model: slug(kind), text, dispatcher }))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  await dispatcher.close()
  return results
}

function rowOf(kind: string, manner: Manner, results: readonly FaultResult[]): Row {
  const count = (what: FaultResult['kind']): number => results.filter((one) => one.kind === what).length
  const times = results.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (share: number): number => Math.round(times[Math.ceil(times.length * share) - 1]!)
  const errors: { [code: string]: number } = {}
  for (const { kind: what, detail } of results)
    if (what !== 'answered') errors[detail] = (errors[detail] ?? 0) + 1
  return {
    kind,
    manner: nameOf(manner),
    answered: count('answered'),
    cleanErrors: count('clean-error'),
    bad: count('bad'),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errors,
  }
}

function leftOverOf(pid: number): LeftOver {
  const links = readdirSync(`/proc/${pid}/fd`)
  const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return { rssMiB: Math.round(kib / 1024), sockets: links.length }
}

function figuresOf(rows: readonly Row[], rounds: readonly Round[]): readonly Figure[] {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const bad = sum((row) => row.bad)
  const calls = rows.length * callsEach
  const slowest = rows.reduce((worst, row) => (row.p99Ms > worst.p99Ms ? row : worst))
  const [first, last] = [rounds[0]!.leftOver, rounds.at(-1)!.leftOver]
  return [
    {
      what: `calls that met one of ${kinds.length} kinds of upstream fault`,
      measured: `${calls - bad} of ${calls} clean: ${sum((row) => row.answered)} answered, ${sum((row) => row.cleanErrors)} clean errors`,
      target: 'each answered, or a clean error in the wire format',
      met: bad === 0,
    },
    {
      what: 'slowest p99 of all kinds and manners',
      measured: `${slowest.p99Ms} ms (${slowest.kind}, ${slowest.manner})`,
      target: `under the timeout of ${timeoutMs} ms`,
      met: slowest.p99Ms < timeoutMs,
    },
    {
      what: 'gateway after all kinds, and after all of them again',
      measured: `${first.rssMiB} MiB and ${first.sockets} open files, then ${last.rssMiB} MiB and ${last.sockets}`,
      target: 'at most 10% more, no more files',
      met: last.rssMiB <= first.rssMiB * 1.1 && last.sockets <= first.sockets,
    },
  ]
}
