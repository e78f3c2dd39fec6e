/** One round of the whole crash test: a real gateway under load and a writer beside it are killed at once, then all that was acknowledged is looked for. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import { Agent, request } from 'undici'
import { type CallId, type SpecialistId, specialistId, taskId } from '../../src/base/ids.ts'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { openDiskRegistry } from '../../src/registry/disk-registry.ts'
import { homePaths } from '../../src/trace/home.ts'
import { openLibsqlStore } from '../../src/trace/libsql-store.ts'
import { type Done, importRows } from './crash-writer.ts'
import type { RunShoal } from './run-shoal.ts'
import { mailMessages } from './test-gateway.ts'

export interface CrashAllRound {
  readonly shoal: RunShoal
  readonly seed: number
  /** Milliseconds after gateway and writer are at work when both are killed. */
  readonly killAfterMs: number
}

export interface CrashAllResult {
  /** From the start of the process to its first answer; with what the kill before it left. */
  readonly upMs: number
  /** Processor time that it took until then, where the system tells (Linux). */
  readonly upCpuMs: number | undefined
  readonly counts: { readonly [kind in Done['kind'] | 'answered' | 'local']: number }
  /** What was acknowledged and is not there, or is damaged. */
  readonly wrong: readonly string[]
}

interface Acknowledged {
  readonly calls: Set<CallId>
  readonly done: Done[]
  local: number
}

const clients = 3
const program = fileURLToPath(new URL('crash-writer.ts', import.meta.url))
const mail = taskId('mail')

/** Runs a round and checks the state that the kill left. */
export async function crashAll({ shoal, seed, killAfterMs }: CrashAllRound): Promise<CrashAllResult> {
  const acknowledged: Acknowledged = { calls: new Set(), done: [], local: 0 }
  const began = performance.now()
  const gateway = await shoal.serve()
  const agent = new Agent({ connections: clients })
  const first = await askOnce(agent, gateway.url, { turn: 1, acknowledged })
  const upMs = performance.now() - began
  const upCpuMs = await cpuMsOf(gateway.child.pid)
  const ready = (await (await fetch(`${gateway.url}/readyz`)).json()) as { readonly problems: string[] }
  const writer = fork(program, [shoal.home, String(seed)], { execArgv: ['--import', 'tsx'] })
  writer.on('message', (done: Done) => acknowledged.done.push(done))
  const load = Array.from({ length: clients }, (_, at) =>
    keepAsking(agent, gateway.url, { turn: at, acknowledged }),
  )
  await once(writer, 'message')
  await new Promise((resolve) => setTimeout(resolve, killAfterMs))
  for (const child of [gateway.child, writer]) child.kill('SIGKILL')
  await Promise.all(
    [gateway.child, writer].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
  )
  await Promise.all(load)
  await agent.destroy()
  const wrong = [
    ...(first ? [] : ['the first call was not answered']),
    ...ready.problems.map((problem) => `after the start: ${problem}`),
    ...(await whatIsWrong(shoal.home, acknowledged)),
  ]
  const count = (kind: Done['kind']): number => acknowledged.done.filter((done) => done.kind === kind).length
  return {
    upMs,
    upCpuMs,
    counts: {
      answered: acknowledged.calls.size,
      local: acknowledged.local,
      ready: count('ready'),
      imported: count('imported'),
      corrected: count('corrected'),
      published: count('published'),
      promoted: count('promoted'),
    },
    wrong,
  }
}

/** Looks at the data as the kill left it, before anything else opens it. */
async function whatIsWrong(home: string, { calls, done }: Acknowledged): Promise<readonly string[]> {
  const { storeFile, registryFolder } = homePaths({ environment: { SHOAL_HOME: home }, workingFolder: home })
  const wrong: string[] = []
  const store = await openLibsqlStore({ path: storeFile })
  for (const id of calls) if (!(await store.calls.get(id))) wrong.push(`the call ${id} is lost`)
  for (const one of done)
    if (one.kind === 'corrected' && (await store.corrections.get(one.call))?.output !== one.output)
      wrong.push(`the correction of ${one.call} is lost`)
  const rows = await store.examples.count(taskId('bulk'))
  if (rows % importRows !== 0) wrong.push(`an import is there in part: ${rows} rows`)
  const imported = done.filter(({ kind }) => kind === 'imported').length
  if (rows < imported * importRows) wrong.push(`${rows} rows of ${imported} imports are there`)
  await store.close()
  const [check] = new Database(storeFile).prepare('PRAGMA integrity_check').all() as {
    integrity_check: string
  }[]
  if (check?.integrity_check !== 'ok') wrong.push(`the store: ${check?.integrity_check}`)
  return [...wrong, ...(await whatIsWrongIn(registryFolder, done))]
}

/** Every version that is visible loads, digests and all; what was promoted last serves, or what was promoted after it. */
async function whatIsWrongIn(folder: string, done: readonly Done[]): Promise<readonly string[]> {
  const wrong: string[] = []
  const registry = openDiskRegistry(folder)
  const versions = await registry.versions(mail)
  // The older ones were loaded after the kill that they had to outlive.
  for (const version of versions.slice(-20))
    await registry.load(specialistId(mail, version)).catch((cause) => wrong.push(String(cause)))
  const names = versions.map((version) => specialistId(mail, version))
  const told = (kind: 'published' | 'promoted'): readonly SpecialistId[] =>
    done.flatMap((one) => (one.kind === kind ? (one.specialist as SpecialistId) : []))
  for (const id of told('published')) if (!names.includes(id)) wrong.push(`${id} is lost`)
  const last = told('promoted').at(-1)
  const serving = await registry.promoted(mail)
  if (last && (!serving || names.indexOf(serving) < names.indexOf(last)))
    wrong.push(`${last} was promoted and ${serving} serves`)
  return wrong
}

const words = 'kettle chair coat lamp book phone table bike garden river window letter'.split(' ')

/** A mail of some words with one that tells its label. */
export function mailOfWords(random: Random, telling: string): string {
  const some = Array.from({ length: 2 + random.below(5) }, () => words[random.below(words.length)]!)
  some.splice(random.below(some.length), 0, telling)
  return some.join(' ')
}

/** `man 5 proc_pid_stat`: user and system time, in hundredths of a second. */
async function cpuMsOf(pid: number | undefined): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && 10 * (Number(fields[11]) + Number(fields[12]))
}

interface Asking {
  readonly turn: number
  readonly acknowledged: Acknowledged
}

async function keepAsking(agent: Agent, url: string, { turn, acknowledged }: Asking): Promise<void> {
  for (let at = turn; await askOnce(agent, url, { turn: at, acknowledged }); at += clients);
}

/** Local, forwarded and streamed calls in turn; false when the gateway is gone. */
async function askOnce(agent: Agent, url: string, { turn, acknowledged }: Asking): Promise<boolean> {
  const messages = mailMessages(mailOfWords(seededRandom(turn), turn % 2 === 0 ? 'prize' : 'lunch'))
  const route = turn % 3 === 0 ? { 'x-shoal-route': 'upstream' } : {}
  try {
    const response = await request(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-shoal-task': 'mail', ...route },
      body: JSON.stringify({ model: 'big-model', messages, stream: turn % 4 === 0 }),
      dispatcher: agent,
    })
    await response.body.text()
    if (response.statusCode !== 200) return false
    acknowledged.calls.add(response.headers['x-shoal-call-id'] as CallId)
    if (String(response.headers['x-shoal-served-by']).startsWith('mail@')) acknowledged.local++
    return true
  } catch {
    return false
  }
}
