/** One round of the crash test: a gateway under load is killed with SIGKILL, then its store is asked for every answered call. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Agent, request } from 'undici'
import type { CallId } from '../../src/base/ids.ts'
import { openLibsqlStore } from '../../src/trace/libsql-store.ts'
import { mailMessages } from './test-gateway.ts'

export interface CrashRound {
  readonly storeFile: string
  /** Of a fake upstream. */
  readonly upstream: string
  readonly durability: 'group' | 'strict'
  /** Answered calls after which the gateway is killed, in the middle of others. */
  readonly killAfter: number
}

export interface CrashResult {
  /** Calls whose whole answer had come before the kill. */
  readonly answered: number
  /** Milliseconds between answer and kill, of each answered call that the store does not have. */
  readonly lostAgesMs: readonly number[]
}

const clients = 24
const program = fileURLToPath(new URL('crash-gateway.ts', import.meta.url))

/** Runs a round; the store is checked in the state that the kill left it in. */
export async function crashRound(round: CrashRound): Promise<CrashResult> {
  const child = fork(program, [round.storeFile, round.upstream, round.durability], {
    execArgv: ['--import', 'tsx'],
  })
  const [url] = (await once(child, 'message')) as [string]
  const agent = new Agent({ connections: clients })
  const answered = new Map<CallId, number>()
  const load = Array.from({ length: clients }, (_, at) => keepAsking(agent, url, { at, answered }))
  while (answered.size < round.killAfter && child.exitCode === null)
    await new Promise((done) => setTimeout(done, 1))
  child.kill('SIGKILL')
  const killedMs = performance.now()
  await once(child, 'exit')
  await Promise.all(load)
  await agent.destroy()
  const store = await openLibsqlStore({ path: round.storeFile })
  const lostAgesMs: number[] = []
  for (const [id, atMs] of answered) if (!(await store.calls.get(id))) lostAgesMs.push(killedMs - atMs)
  await store.close()
  return { answered: answered.size, lostAgesMs }
}

/** Asks until the connection breaks: local, forwarded and streamed calls in turn. */
async function keepAsking(
  agent: Agent,
  url: string,
  { at, answered }: { readonly at: number; readonly answered: Map<CallId, number> },
): Promise<void> {
  for (let turn = at; ; turn++) {
    const text = turn % 3 === 0 ? `is this sure? ${turn}` : `a prize ${turn}`
    const body = JSON.stringify({ model: 'big-model', messages: mailMessages(text), stream: turn % 4 === 0 })
    try {
      const response = await request(`${url}/v1/chat/completions`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        dispatcher: agent,
      })
      await response.body.text()
      if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
      answered.set(response.headers['x-shoal-call-id'] as CallId, performance.now())
    } catch {
      return // The gateway was killed.
    }
  }
}
