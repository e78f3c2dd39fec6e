import { fork } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ModelName, taskId } from '../base/ids.ts'
import { listPrices } from '../meter/prices.ts'
import type { Call } from '../wire/call.ts'
import { openLibsqlStore } from './libsql-store.ts'
import { type RecorderOptions, startRecorder } from './recorder.ts'
import { collect, keptCall } from './store-fixtures.contract.ts'

let folder: string
let storeFile: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-recorder-'))
  storeFile = join(folder, 'store.db')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const start = (options: Partial<RecorderOptions> = {}) =>
  startRecorder({ storeFile, prices: listPrices, ...options })
const callAt = (atMs: number, changes: Partial<Call> = {}): Call => keptCall(atMs, changes).call

async function stored(): Promise<Call[]> {
  const store = await openLibsqlStore({ path: storeFile, readonly: true })
  try {
    return await collect(store.calls.iterate())
  } finally {
    await store.close()
  }
}

describe('the recorder', () => {
  test('a call recorded durably is in the file when the promise resolves, with every field', async () => {
    const recorder = await start()
    const call = callAt(1_700_000_000_000)
    await recorder.recordDurably(call)
    expect(await stored()).toEqual([call])
    const { id, atMs, method, path, wire, servedBy, reason, streaming, status, latencyMs } =
      callAt(1_700_000_000_001)
    const bare: Call = { id, atMs, method, path, wire, servedBy, reason, streaming, status, latencyMs }
    await recorder.recordDurably(bare)
    expect((await stored())[1]).toEqual(bare)
    await recorder.close()
  })

  test('other calls are in the file within 20 ms of the write, and none is left out', async () => {
    const recorder = await start()
    await recorder.recordDurably(callAt(0))
    const calls = Array.from({ length: 1000 }, (_, i) => callAt(i + 1))
    for (const call of calls) recorder.record(call)
    expect(recorder.counters).toMatchObject({ taken: 1001, queued: 1000 })
    await recorder.flush()
    expect(recorder.counters).toEqual({
      taken: 1001,
      kept: 1001,
      notKept: 0,
      queued: 0,
      retries: 0,
      restarts: 0,
    })
    expect(await stored()).toHaveLength(1001)
    recorder.record(callAt(2000))
    await expect.poll(() => recorder.counters.kept, { interval: 1, timeout: 1000 }).toBe(1002)
    await recorder.close()
  })

  test('closing keeps what is queued', async () => {
    const recorder = await start()
    for (let i = 0; i < 100; i++) recorder.record(callAt(i))
    await recorder.close()
    expect(await stored()).toHaveLength(100)
    recorder.record(callAt(101))
    await expect(recorder.recordDurably(callAt(102))).rejects.toThrow('the recorder is closed')
    expect(recorder.counters.notKept).toBe(2)
  })

  test('personal data is masked in what is written, unless the task is exempted', async () => {
    const recorder = await start({ policyOf: (task) => ({ masked: task !== 'open' }) })
    const body = '{"messages":[{"role":"user","content":"I am joe@x.com\\n13800138000"}]}'
    const texts = { request: body, response: body, path: '/v1/files?owner=joe@x.com' }
    await recorder.recordDurably(callAt(1, texts))
    await recorder.recordDurably(callAt(2, { ...texts, task: taskId('open') }))
    await recorder.close()
    const masked = body.replace('joe@x.com', '[EMAIL]').replace('13800138000', '[PHONE]')
    const [first, second] = await stored()
    expect(first).toMatchObject({ request: masked, response: masked, path: '/v1/files?owner=[EMAIL]' })
    expect(second).toMatchObject(texts)
  })

  test('the ledger has what was paid and what was saved at the price of the upstream', async () => {
    const recorder = await start({ policyOf: () => ({ masked: true, upstream: 'gpt-4o' as ModelName }) })
    const usage = { promptTokens: 1000, completionTokens: 100, source: 'reported' } as const
    await recorder.recordDurably(callAt(1, { model: 'gpt-4o-mini' as ModelName, usage }))
    await recorder.recordDurably(
      callAt(2, { model: 'shoal/mail' as ModelName, servedBy: 'mail@1 (nano)', usage }),
    )
    await recorder.close()
    const store = await openLibsqlStore({ path: storeFile })
    const totals = await store.ledger.totals()
    expect(totals).toMatchObject({ calls: 2, local: 1, unpriced: 0 })
    expect(totals.costUsd).toBeCloseTo(0.00021, 9)
    expect(totals.avoidedUsd).toBeCloseTo(0.0035, 9)
    await store.close()
  })

  test('a store that cannot be opened is an error at the start', async () => {
    await writeFile(storeFile, 'this is not a database, but it is long enough to be read as one '.repeat(20))
    await expect(start()).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining(storeFile),
    })
    storeFile = join(folder, 'no', 'such', 'folder.db')
    await expect(start()).rejects.toMatchObject({ code: 'store.unusable' })
  })

  test('a process killed under load has lost no call that was recorded durably', async () => {
    for (let round = 0; round < 3; round++) {
      const program = join(folder, 'program.mts')
      const home = new URL('..', import.meta.url).href
      await writeFile(
        program,
        `import { startRecorder } from '${home}trace/recorder.ts'
         import { listPrices } from '${home}meter/prices.ts'
         import { keptCall } from '${home}trace/store-fixtures.contract.ts'
         const recorder = await startRecorder({ storeFile: ${JSON.stringify(storeFile)}, prices: listPrices })
         const one = async (at) => {
           const { call } = keptCall(at)
           await recorder.recordDurably(call)
           process.send(call.id)
           await one(at + 1)
         }
         for (let i = 0; i < 20; i++) void one(i * 100000)`,
      )
      const child = fork(program, {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      const answered: string[] = []
      child.on('message', (id) => answered.push(String(id)))
      await expect.poll(() => answered.length, { timeout: 15_000, interval: 5 }).toBeGreaterThan(200)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      const kept = new Set((await stored()).map((call) => call.id as string))
      expect(answered.filter((id) => !kept.has(id))).toEqual([])
    }
  })
})
