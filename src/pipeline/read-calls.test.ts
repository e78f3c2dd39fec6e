import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CallId, type ModelName, taskId } from '../base/ids.ts'
import { meterCall } from '../meter/ledger-row.ts'
import { listPrices } from '../meter/prices.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import type { Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { gatherRows } from './task-rows.ts'

const task = taskId('mail')
let folder: string
let store: Store

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-read-calls-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

function call(at: number, answer: string, more: Partial<Call> = {}): Call {
  return {
    id: `call_${String(at).padStart(4, '0')}` as CallId,
    atMs: 1000 + at,
    method: 'POST',
    path: '/v1/chat/completions',
    wire: 'openai-chat',
    task,
    model: 'big-model' as ModelName,
    servedBy: 'upstream',
    reason: 'no-specialist',
    streaming: false,
    status: 200,
    request: JSON.stringify({
      model: 'big-model',
      messages: [{ role: 'user', content: `Sort this mail into ham or spam:\n${textOf(at)}\nOne word.` }],
    }),
    response: JSON.stringify({
      choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
    }),
    latencyMs: 5,
    ...more,
  }
}

const textOf = (at: number): string =>
  `${'abcdefghij'[at % 10]}${at} ${at % 2 ? 'lunch' : 'prizes'} ${'uvwxyz'[at % 6]}`
const answerOf = (at: number): string => (at % 2 ? 'ham' : 'spam')

async function keep(calls: readonly Call[]): Promise<void> {
  await store.calls.append(
    calls.map((one) => ({ call: one, ledger: meterCall(one, { prices: listPrices }) })),
  )
}

const rowOf = async (at: number) => {
  const { examples } = await gatherRows(store, { task, mergeLabels: false })
  return examples
    .filter(({ input }) => input.kind === 'text' && input.text === textOf(at))
    .map(({ output, source, isFairSample }) => ({
      label: output.kind === 'labels' ? output.labels[0] : undefined,
      source,
      isFairSample: isFairSample ?? false,
    }))
}

test('an audit is a row of the upstream and of a fair sample; a local answer alone is no row', async () => {
  await keep(Array.from({ length: 30 }, (_, at) => call(at, answerOf(at))))
  await keep([
    call(40, 'spam', { servedBy: 'mail@1 (nano)', reason: 'certified' }),
    call(41, 'ham', { servedBy: 'mail@1 (nano)', reason: 'certified' }),
    { ...call(41, 'ham', { reason: 'audit', auditOf: call(41, '').id }), id: 'call_audit' as CallId },
  ])
  expect(await rowOf(3)).toEqual([{ label: 'ham', source: 'teacher', isFairSample: false }])
  expect(await rowOf(40)).toEqual([])
  expect(await rowOf(41)).toEqual([{ label: 'ham', source: 'teacher', isFairSample: true }])
})

test('a person’s answer stands in place of the upstream’s and the specialist’s, for every call of the same input', async () => {
  await keep(Array.from({ length: 30 }, (_, at) => call(at, answerOf(at))))
  await keep([
    { ...call(3, 'ham'), id: 'call_again' as CallId },
    call(40, 'spam', { servedBy: 'mail@1 (nano)', reason: 'certified' }),
    call(42, 'spam', { servedBy: 'mail@1 (nano)', reason: 'certified' }),
    { ...call(42, 'spam', { reason: 'audit', auditOf: call(42, '').id }), id: 'call_audit' as CallId },
  ])
  for (const at of [3, 40, 42])
    await store.corrections.put({
      call: call(at, '').id,
      task,
      atMs: 5000,
      output: at === 3 ? 'spam' : 'ham',
    })
  expect(await rowOf(3)).toEqual([{ label: 'spam', source: 'human', isFairSample: false }])
  expect(await rowOf(40)).toEqual([{ label: 'ham', source: 'human', isFairSample: false }])
  expect(await rowOf(42)).toEqual([{ label: 'ham', source: 'human', isFairSample: true }])
})

test('it is told where the calls are those that an earlier specialist left to the upstream', async () => {
  const notes = async () => (await gatherRows(store, { task, mergeLabels: false })).notes.join('\n')
  await keep(Array.from({ length: 30 }, (_, at) => call(at, answerOf(at))))
  expect(await notes()).not.toMatch(/earlier specialist/)
  await keep([
    ...Array.from({ length: 10 }, (_, at) =>
      call(50 + at, answerOf(at), { reason: at % 2 ? 'unsure' : 'novel' }),
    ),
    { ...call(41, 'ham', { reason: 'audit', auditOf: call(41, '').id }), id: 'call_audit' as CallId },
  ])
  expect(await notes()).toMatch(
    /^10 of the 41 calls came upstream because an earlier specialist .* only audits are among them, 1\. /,
  )
})
