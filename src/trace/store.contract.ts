/** What every store must do; each driver runs this suite on stores of its own. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { newCallId, taskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { Call } from '../wire/call.ts'
import type { Store } from './store.ts'
import { collect, keptCall, mailTask, textExample } from './store-fixtures.contract.ts'
import { importTests } from './store-imports.contract.ts'
import { ledgerTests } from './store-ledger.contract.ts'
import { checkTests, correctionTests, keyTests } from './store-records.contract.ts'
import { upkeepTests } from './store-upkeep.contract.ts'

export interface StoreUnderTest {
  /** Opens the same store again, as another process would. */
  open(clock?: Clock): Promise<Store>
  remove(): Promise<void>
}

/** Runs the suite; `make` gives an empty store of its own to each test. */
export function storeContract(make: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest
  let store: Store
  beforeEach(async () => {
    under = await make()
    store = await under.open()
  })
  afterEach(async () => {
    await store.close()
    await under.remove()
  })
  describe('tasks', () => taskTests(() => store))
  describe('calls', () => callTests(() => ({ store, under })))
  describe('examples', () => exampleTests(() => ({ store, under })))
  describe('imports', () => importTests(() => ({ store, under })))
  describe('corrections', () => correctionTests(() => store))
  describe('checks', () => checkTests(() => store))
  describe('keys and trainings', () => keyTests(() => store))
  describe('ledger', () => ledgerTests(() => ({ store, under })))
  describe('upkeep', () => upkeepTests(() => ({ store, under })))
}

function taskTests(current: () => Store): void {
  test('a task comes back as it was put, and the last one put wins', async () => {
    const { tasks } = current()
    expect(await tasks.get(mailTask.id)).toBeUndefined()
    await tasks.put(mailTask)
    await tasks.put({ ...mailTask, paused: true })
    expect(await tasks.get(mailTask.id)).toEqual({ ...mailTask, paused: true })
  })

  test('tasks are listed by name', async () => {
    const { tasks } = current()
    for (const name of ['zebra', 'apple', 'mail']) await tasks.put({ ...mailTask, id: taskId(name) })
    expect((await tasks.list()).map((task) => task.id)).toEqual(['apple', 'mail', 'zebra'])
  })

  test('the stamp of the tasks changes with each that is put, also twice in one millisecond', async () => {
    const { tasks } = current()
    const stamps = [await tasks.stamp()]
    for (const paused of [false, true, false]) {
      await tasks.put({ ...mailTask, paused })
      stamps.push(await tasks.stamp())
    }
    expect(new Set(stamps).size).toBe(4)
    expect(await tasks.stamp()).toBe(stamps.at(-1))
  })
}

/** The store of the running test, and how to open it again. */
export interface CurrentStore {
  readonly store: Store
  readonly under: StoreUnderTest
}

function callTests(current: () => CurrentStore): void {
  test('a call comes back with every field, also through another connection', async () => {
    const { store, under } = current()
    const kept = keptCall(1_700_000_000_000, {
      auditOf: newCallId(1),
      endUser: '0123456789abcdef0123456789abcdef',
    })
    await store.calls.append([kept])
    const other = await under.open()
    expect(await other.calls.get(kept.call.id)).toEqual(kept.call)
    await other.close()
  })

  test('a call with only what must be there comes back without the rest', async () => {
    const { store } = current()
    const { call } = keptCall(5)
    const bare: Call = {
      id: call.id,
      atMs: 5,
      method: 'GET',
      path: '/v1/files',
      wire: 'opaque',
      servedBy: 'upstream',
      reason: 'not understood',
      streaming: false,
      status: 404,
      latencyMs: 1,
    }
    await store.calls.append([{ ...keptCall(5), call: bare }])
    expect(await store.calls.get(call.id)).toEqual(bare)
  })

  test('texts with NUL, other scripts, quotes and line ends come back unchanged', async () => {
    const { store } = current()
    const request = 'a\0b "q" \'s\' \r\n 中文 😀 \u2028 end'
    const kept = keptCall(1, { request, response: '' })
    await store.calls.append([kept])
    expect(await store.calls.get(kept.call.id)).toEqual(kept.call)
  })

  test('a call that is appended twice is kept once', async () => {
    const { store } = current()
    const kept = keptCall(1)
    await store.calls.append([kept])
    await store.calls.append([kept, keptCall(2)])
    expect(await store.calls.count()).toBe(2)
    expect((await store.ledger.totals()).calls).toBe(2)
  })

  test('of a batch with one call that cannot be written nothing is kept', async () => {
    const { store } = current()
    const broken = keptCall(2, { path: undefined as unknown as string })
    await expect(store.calls.append([keptCall(1), broken, keptCall(3)])).rejects.toThrow()
    expect(await store.calls.count()).toBe(0)
    expect((await store.ledger.totals()).calls).toBe(0)
  })

  test('calls are iterated in order of time, however they came, over many pages', async () => {
    const { store } = current()
    const calls = Array.from({ length: 1500 }, (_, i) => keptCall((i * 7919) % 700))
    await store.calls.append(calls)
    const seen = await collect(store.calls.iterate())
    expect(seen).toHaveLength(1500)
    expect(new Set(seen.map((call) => call.id)).size).toBe(1500)
    expect(seen.map((call) => call.atMs)).toEqual(seen.map((call) => call.atMs).sort((a, b) => a - b))
  })

  test('after the clock was set back calls are still told apart, kept once each, and iterated by the time they say', async () => {
    const { store } = current()
    const before = Array.from({ length: 3 }, (_, i) => keptCall(9_000 + i))
    const after = Array.from({ length: 3 }, (_, i) => keptCall(1_000 + i))
    const sameMoment = [keptCall(9_001), keptCall(9_001)]
    for (const calls of [before, after, sameMoment]) await store.calls.append(calls)
    const seen = await collect(store.calls.iterate())
    expect(seen.map((call) => call.atMs)).toEqual([1000, 1001, 1002, 9000, 9001, 9001, 9001, 9002])
    expect(new Set(seen.map((call) => call.id)).size).toBe(8)
    for (const { call } of [...before, ...after, ...sameMoment])
      expect(await store.calls.get(call.id)).toEqual(call)
    const filtered = await collect(store.calls.iterate({ sinceMs: 9000, limit: 2 }))
    expect(filtered.map((call) => call.atMs)).toEqual([9000, 9001])
  })

  test('an iteration ends although calls keep coming', async () => {
    const { store } = current()
    await store.calls.append([keptCall(1), keptCall(2)])
    let seen = 0
    for await (const call of store.calls.iterate()) {
      seen++
      await store.calls.append([keptCall(call.atMs + 100)])
    }
    expect(seen).toBe(2)
  })

  test('filters: task, time, limit, and success by the upstream', async () => {
    const { store } = current()
    await store.calls.append([
      keptCall(1),
      keptCall(2, { status: 500 }),
      keptCall(3, { servedBy: 'mail@1 (nano)' }),
      keptCall(4, { task: taskId('other') }),
    ])
    const times = async (filter: Parameters<Store['calls']['iterate']>[0]): Promise<number[]> => {
      const calls = await collect(store.calls.iterate(filter))
      expect(await store.calls.count(filter)).toBe(calls.length)
      return calls.map((call) => call.atMs)
    }
    expect(await times({ task: mailTask.id })).toEqual([1, 2, 3])
    expect(await times({ sinceMs: 3 })).toEqual([3, 4])
    expect(await times({ limit: 2 })).toEqual([1, 2])
    expect(await times({ answeredByUpstream: true })).toEqual([1, 4])
    expect(await times({ answeredByUpstream: false })).toEqual([2, 3])
    expect(await times({ answeredByUpstream: true, task: mailTask.id, limit: 5 })).toEqual([1])
    await store.calls.append([keptCall(5, { auditOf: newCallId(3) })])
    expect(await times({ audits: true })).toEqual([5])
    expect(await times({ audits: false })).toEqual([1, 2, 3, 4])
  })
}

function exampleTests(current: () => CurrentStore): void {
  test('examples of every kind come back as they were added, in order', async () => {
    const { store } = current()
    const soft = { labels: ['a', 'b'], probabilities: new Float32Array([0.25, 0.75]) }
    const examples: Example[] = [
      textExample('one\0\ud800', 'a', { group: 'g1', weight: 0.5, source: 'human' }),
      textExample('two', 'b', { soft, source: 'teacher' }),
      textExample('three', 'x', {
        input: { kind: 'question', question: 'q?', context: 'the context' },
        output: { kind: 'answer', span: { start: 4, end: 11, text: 'context' } },
      }),
      textExample('four', 'x', {
        output: { kind: 'spans', spans: [{ start: 0, end: 4, label: 'N', text: 'four' }] },
      }),
      textExample('five', 'x', {
        input: { kind: 'chat', messages: [{ role: 'user', content: 'five' }] },
        output: { kind: 'text', text: '{"n":5}', json: { n: 5 } },
      }),
      textExample('six', 'x', { output: { kind: 'answer' } }),
    ]
    const staged = await store.examples.stage(mailTask.id, 'test')
    await staged.add(examples)
    expect(await staged.commit()).toEqual({ added: 6, repeated: 0 })
    const plain = examples.map((example) =>
      example.soft ? { ...example, soft: { labels: ['a', 'b'], probabilities: [0.25, 0.75] } } : example,
    )
    expect(await collect(store.examples.iterate(mailTask.id))).toEqual(plain)
    expect(await store.examples.count(mailTask.id)).toBe(6)
    expect(await store.examples.count(taskId('other'))).toBe(0)
  })

  test('an input with another label is another example, the same input and label are not', async () => {
    const { store } = current()
    const first = await store.examples.stage(mailTask.id, 'first')
    await first.add([textExample('a', 'ham'), textExample('a', 'spam'), textExample('a', 'ham')])
    expect(await first.commit()).toEqual({ added: 2, repeated: 1 })
    const again = await store.examples.stage(mailTask.id, 'again')
    await again.add([textExample('a', 'ham'), textExample('b', 'ham')])
    expect(await again.commit()).toEqual({ added: 1, repeated: 1 })
    const other = await store.examples.stage(taskId('other'), 'other')
    await other.add([textExample('a', 'ham')])
    expect(await other.commit()).toEqual({ added: 1, repeated: 0 })
    expect(await store.examples.count(mailTask.id)).toBe(3)
    expect((await collect(store.examples.iterate(mailTask.id))).length).toBe(3)
  })
}
