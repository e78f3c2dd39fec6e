import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import type { CallId } from '../base/ids.ts'
import { learnFields } from '../task/fields/learn-fields.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import type { Store } from '../trace/store.ts'
import { collect, keptCall, mailTask } from '../trace/store-fixtures.contract.ts'
import { correctCalls } from './correct.ts'

let folder: string
let store: Store
const clock: Clock = { nowMs: () => 77, monotonicMs: () => 0 }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-correct-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
  await store.tasks.put(mailTask)
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const answered = (text: string) =>
  JSON.stringify({
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
  })

async function keep(changes: Parameters<typeof keptCall>[1]): Promise<CallId> {
  const kept = keptCall(1, { response: answered('{"label":"ham"}'), ...changes })
  await store.calls.append([kept])
  return kept.call.id
}

test.each([
  ['{"label":"spam"}', true],
  ['{ "label" : "spam" }', true],
  ['spam', true],
  [' spam ', true],
  ['{"label":"ham"}', false],
])('%j is kept as the upstream would have written it', async (output, wasWrong) => {
  const call = await keep({})
  const [corrected] = await correctCalls(store, [{ call, output }], clock)
  const label = output.includes('ham') ? 'ham' : 'spam'
  expect(corrected).toEqual({ call, task: 'mail', output: `{"label":"${label}"}`, wasWrong })
  expect(await store.corrections.get(call)).toEqual({
    call,
    task: 'mail',
    atMs: 77,
    output: `{"label":"${label}"}`,
  })
})

test('a locally answered call counts in the test of its specialist, right or wrong', async () => {
  const [wrong, right] = [
    await keep({ servedBy: 'mail@3 (nano)' }),
    await keep({ servedBy: 'mail@3 (nano)', id: 'call_2' as CallId }),
  ]
  await correctCalls(store, [{ call: wrong, output: 'spam' }], clock)
  await correctCalls(store, [{ call: right, output: 'ham' }], clock)
  const check = { task: 'mail', specialist: 'mail@3', atMs: 77, source: 'correction' }
  expect(await collect(store.checks.iterate('mail@3' as never))).toEqual([
    { ...check, call: wrong, wrong: true, loss: 1 },
    { ...check, call: right, wrong: false, loss: 0 },
  ])
})

test('a label that there is not is refused with the nearest, and of several corrections none is kept', async () => {
  const call = await keep({})
  const attempt = (output: string) =>
    correctCalls(
      store,
      [
        { call, output: 'spam' },
        { call, output },
      ],
      clock,
    )
  await expect(attempt('spma')).rejects.toMatchObject({
    code: 'correction.invalid',
    message: expect.stringContaining('Did you mean "spam"?'),
  })
  await expect(attempt('{"label":"weather"}')).rejects.toMatchObject({
    message: expect.stringContaining('Its labels are: ham, spam.'),
  })
  expect(await store.corrections.get(call)).toBeUndefined()
})

test('calls that are not kept or of no task are refused', async () => {
  const call = await keep({ task: undefined as never })
  await expect(correctCalls(store, [{ call, output: 'ham' }], clock)).rejects.toMatchObject({
    code: 'call.no-task',
  })
  await expect(
    correctCalls(store, [{ call: 'call_none' as CallId, output: 'ham' }], clock),
  ).rejects.toMatchObject({ code: 'call.unknown' })
})

test('personal data in an answer is masked as it is in the calls', async () => {
  const fields = { ...mailTask, space: { kind: 'text' as const } }
  await store.tasks.put(fields)
  const call = await keep({})
  await correctCalls(store, [{ call, output: '{"mail":"ann@example.com"}' }], clock)
  expect((await store.corrections.get(call))?.output).toBe('{"mail":"[EMAIL]"}')
})

test('of an answer of fields the share of wrong parts is kept, whatever of the input stands in the prompt itself', async () => {
  const answer = (year: string, who: string): string => JSON.stringify({ year, who })
  const rows = Array.from({ length: 30 }, (_, row) => ({
    text: `In ${2000 + row}-05 Ann${row} came`,
    answer: answer(`${2000 + row}`, `Ann${row}`),
  }))
  const learned = learnFields(rows)
  if (learned.kind === 'refusal') throw new Error(learned.message)
  await store.tasks.put({
    ...mailTask,
    kind: 'extraction',
    space: { kind: 'spans', labels: learned.labels },
    rendering: learned.rendering,
    promise: 'parts',
    template: { messages: [{ role: 'user', constants: ['In 2024-', ' came'], slots: ['text'] }] },
  })
  const request = JSON.stringify({
    model: 'big-1',
    messages: [{ role: 'user', content: 'In 2024-05 Bob came' }],
  })
  const call = await keep({
    servedBy: 'mail@3 (nano)',
    request,
    response: answered(answer('2024', '05')),
  })
  await correctCalls(store, [{ call, output: answer('2024', 'Bob') }], clock)
  expect(await collect(store.checks.iterate('mail@3' as never))).toMatchObject([{ wrong: true, loss: 0.5 }])
})

test('an answer to a question is written as the upstream writes it, or says in its words that it is not there', async () => {
  await store.tasks.put({
    ...mailTask,
    kind: 'question-answering',
    space: { kind: 'answer' },
    rendering: {
      kind: 'answer',
      found: { kind: 'json', before: '{"a":"', after: '"}' },
      notThere: ['{"a":null}'],
    },
  })
  const call = await keep({ response: answered('{"a":"Rome"}') })
  const said = async (output: string) => (await correctCalls(store, [{ call, output }], clock))[0]
  expect(await said('rome')).toMatchObject({ output: '{"a":"rome"}', wasWrong: false })
  expect(await said('{"a":null}')).toMatchObject({ output: '{"a":null}', wasWrong: true })
})
