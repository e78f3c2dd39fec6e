/** `shoal ledger` as a user runs it: imported calls with prices of their own, by task, as text, JSON and CSV. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Papa from 'papaparse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newCallId, type SpecialistId, taskId } from '../src/base/ids.ts'
import { meterCall } from '../src/meter/ledger-row.ts'
import { listPrices } from '../src/meter/prices.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Call } from '../src/wire/call.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

let folder: string
let shoal: RunShoal
const day = Date.parse('2026-11-02T10:00:00Z')
const dayMs = 86_400_000

/** Two days of calls of `mail`, half of them local from the second on, one audit, one call without a price. */
async function fill(): Promise<void> {
  const store = await openLibsqlStore({ path: join(shoal.home, 'store.db') })
  const call = (atMs: number, changes: Partial<Call> = {}): Call => ({
    ...{ id: newCallId(atMs), atMs, method: 'POST', path: '/v1/chat/completions', wire: 'openai-chat' },
    ...{ task: taskId('mail'), model: 'gpt-4o' as NonNullable<Call['model']>, servedBy: 'upstream' },
    ...{ reason: 'x', streaming: false, status: 200, latencyMs: 5 },
    usage: { promptTokens: 1000, completionTokens: 100, source: 'reported' },
    ...changes,
  })
  const local = { servedBy: 'mail@1 (nano)', cpuMs: 3600 }
  const calls = [
    ...Array.from({ length: 10 }, (_, at) => call(day + at)),
    ...Array.from({ length: 10 }, (_, at) => call(day + dayMs + at * 60_000, at % 2 === 0 ? local : {})),
    call(day + dayMs, { auditOf: newCallId(day + dayMs) }),
    call(day - 3 * dayMs, { model: 'house' as NonNullable<Call['model']>, task: taskId('other') }),
  ]
  await store.calls.append(
    calls.map((one) => ({ call: one, ledger: meterCall(one, { prices: listPrices }) })),
  )
  await store.trainings.put({
    ...{ specialist: 'mail@1' as SpecialistId, task: taskId('mail'), atMs: day + dayMs - 1000, wallMs: 1 },
    ...{ cpuMs: 3_600_000, energyJoules: 1, energyIs: 'cpu-time' },
  })
  await store.close()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-ledger-'))
  shoal = runShoal(folder, { NO_COLOR: '1' })
  await writeFile(
    join(folder, 'shoal.yaml'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: how the file names a variable of the environment.
    'upstream:\n  url: ${NOT_SET}\ncosts:\n  usdPerCpuHour: 0.02\nenergy:\n  wattsPerCpu: 10\nprices:\n  date: 2026-11-01\n  models:\n    house-2:\n      inputUsd: 1000\n      outputUsd: 0\n',
  )
  const messages = [{ role: 'user', content: 'Why?' }]
  const response = {
    choices: [{ index: 0, message: { role: 'assistant', content: 'So.' } }],
    usage: { prompt_tokens: 2000, completion_tokens: 7 },
  }
  const line = JSON.stringify({ request: { model: 'house-2', messages }, response })
  await writeFile(join(folder, 'log.jsonl'), `${line}\n`)
  const imported = await shoal.run('import', 'log.jsonl', '--task', 'imported')
  if (imported.code !== 0) throw new Error(imported.stderr)
  await fill()
})
afterAll(async () => {
  shoal.close()
  await rm(folder, { recursive: true, force: true })
})

test('imported calls have the prices of shoal.yaml, whose other variables need not be set', async () => {
  const { stdout } = await shoal.run('ledger', '--task', 'imported', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ calls: 1, costUsd: 2, unpriced: 0 })
})

test('what was saved is what the upstream alone would have cost, minus all that was spent', async () => {
  const { stdout } = await shoal.run('ledger', '--task', 'mail', '--by', 'day', '--json')
  const { savings, training, breakEven, groups, assumptions, ...totals } = JSON.parse(stdout)
  expect(totals).toMatchObject({
    calls: 20,
    local: 5,
    audits: 1,
    unpriced: 0,
    costUsd: 0.056,
    avoidedUsd: 0.0175,
  })
  expect(savings.upstreamAloneUsd).toBeCloseTo(0.07, 9)
  expect(savings.trainingUsd).toBeCloseTo(0.02, 9)
  expect(savings.answersUsd).toBeCloseTo(0.0001, 9)
  expect(savings.savedUsd).toBeCloseTo(0.07 - 0.056 - 0.02 - 0.0001, 9)
  expect(training).toMatchObject({ runs: 1, energyJoules: 36_000, energyIs: ['cpu-time'] })
  expect(breakEven).toMatchObject({ kind: 'expected', days: expect.any(Number) })
  expect(breakEven.calls).toBeGreaterThan(breakEven.callsLow)
  expect(groups.map((group: { from: string; calls: number }) => [group.from, group.calls])).toEqual([
    ['2026-11-02', 10],
    ['2026-11-03', 10],
  ])
  expect(assumptions).toMatchObject({ usdPerCpuHour: 0.02, wattsPerCpu: 10, prices: { date: '2026-11-01' } })
})

test('CSV has a line a group, numbers that spreadsheets read, and what is estimated in the names', async () => {
  const { stdout } = await shoal.run('ledger', '--by', 'task', '--csv')
  const { data, errors } = Papa.parse<Record<string, string>>(stdout.trimEnd(), { header: true })
  expect(errors).toEqual([])
  expect(data.map(({ task, calls, spent_usd: spent }) => [task, calls, spent])).toEqual([
    ['imported', '1', '2'],
    ['mail', '20', '0.0761'],
    ['other', '1', '0'],
  ])
  expect(data[2]).toMatchObject({ unpriced: '1' })
  expect(Object.keys(data[0]!)).toContain('energy_joules_estimated')
})

test('the text marks what is estimated and names the models without a price', async () => {
  const { stdout } = await shoal.run('ledger', '--by', 'tier')
  expect(stdout).toMatch(/22 calls on 4 days, 5 answered locally/)
  expect(stdout).toMatch(/saved +-\$0\.0/)
  expect(stdout).toMatch(/Not in these sums: 1 call without a known price \(house: 1\)/)
  expect(stdout.match(/estimated/g)!.length).toBeGreaterThan(4)
  expect(stdout).toMatch(/^nano +5 +100\.0%/m)
})

test('--since and --until take days, a day included, and say what they take', async () => {
  const of = async (...flags: readonly string[]): Promise<number> =>
    JSON.parse((await shoal.run('ledger', '--task', 'mail', '--json', ...flags)).stdout).calls
  expect(await of('--since', '2026-11-03')).toBe(10)
  expect(await of('--until', '2026-11-02')).toBe(10)
  expect(await of('--since', '2026-11-02T11:00:00Z', '--until', '2026-11-03T10:00:30Z')).toBe(1)
  const wrong = await shoal.run('ledger', '--since', 'yesterday')
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/"yesterday" is not a time\. Give a day such as/)
})
