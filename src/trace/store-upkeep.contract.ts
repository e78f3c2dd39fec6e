/** What every store must do when rows are removed for good. */
import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { CurrentStore } from './store.contract.ts'
import { collect, keptCall, mailTask, textExample } from './store-fixtures.contract.ts'

/** The part of the contract about removing. */
export function upkeepTests(current: () => CurrentStore): void {
  const other = taskId('other')

  async function fill(): Promise<void> {
    const { store } = current()
    await store.calls.append([
      keptCall(1),
      keptCall(2, { endUser: 'ada' }),
      keptCall(3, { task: other, endUser: 'ada' }),
      keptCall(4, { task: other }),
    ])
    for (const task of [mailTask.id, other]) {
      const staged = await store.examples.stage(task, 'rows')
      await staged.add([textExample('a', 'ham'), textExample('b', 'spam')])
      await staged.commit()
    }
    for (const call of await collect(store.calls.iterate()))
      await store.corrections.put({ call: call.id, task: call.task!, atMs: 9, output: 'ham' })
  }

  const timesLeft = async (): Promise<number[]> =>
    (await collect(current().store.calls.iterate())).map((call) => call.atMs)

  test('a task goes with its calls, examples and corrections; its ledger rows stay', async () => {
    const { store } = current()
    await fill()
    expect(await store.upkeep.remove({ task: mailTask.id })).toEqual({
      calls: 2,
      examples: 2,
      corrections: 2,
    })
    expect(await timesLeft()).toEqual([3, 4])
    expect(await store.examples.count(mailTask.id)).toBe(0)
    expect(await store.examples.count(other)).toBe(2)
    expect(await collect(store.corrections.iterate(mailTask.id))).toEqual([])
    expect((await store.ledger.totals({ task: mailTask.id })).calls).toBe(2)
  })

  test('an end user goes from every task; with a task too, from that one alone', async () => {
    const { store } = current()
    await fill()
    expect(await store.upkeep.remove({ endUser: 'ada', task: other })).toEqual({
      calls: 1,
      examples: 0,
      corrections: 1,
    })
    expect(await timesLeft()).toEqual([1, 2, 4])
    await store.upkeep.remove({ endUser: 'ada' })
    expect(await timesLeft()).toEqual([1, 4])
    expect(await store.examples.count(other)).toBe(2)
  })

  test('a call goes with the audits of it', async () => {
    const { store } = current()
    const kept = keptCall(1)
    await store.calls.append([kept, keptCall(2, { auditOf: kept.call.id }), keptCall(3)])
    expect((await store.upkeep.remove({ call: kept.call.id })).calls).toBe(2)
    expect(await timesLeft()).toEqual([3])
  })

  test('calls before a moment go, over many steps, and examples stay', async () => {
    const { store } = current()
    await fill()
    await store.calls.append(Array.from({ length: 900 }, (_, i) => keptCall(10 + i)))
    expect((await store.upkeep.remove({ beforeMs: 900 })).calls).toBe(894)
    expect(await timesLeft()).toEqual(Array.from({ length: 10 }, (_, i) => 900 + i))
    expect(await store.examples.count(mailTask.id)).toBe(2)
  })

  test('calls dated in the future by a clock that was set back go with those kept after them', async () => {
    const { store, under } = current()
    await store.calls.append([keptCall(100), keptCall(90_000), keptCall(200)])
    await store.calls.append([keptCall(300), keptCall(95_000)])
    const later = await under.open({ nowMs: () => 1000, monotonicMs: () => 0 })
    expect((await later.upkeep.remove({ beforeMs: 250 })).calls).toBe(3)
    expect(await timesLeft()).toEqual([300, 95_000])
    await later.close()
  })

  test('shrinking takes the oldest calls until the store is no larger, and counts them', async () => {
    const { store } = current()
    const request = 'x'.repeat(2000)
    await store.calls.append(Array.from({ length: 2000 }, (_, i) => keptCall(i, { request })))
    const full = await store.upkeep.sizeBytes()
    expect(full).toBeGreaterThan(4_000_000)
    const removed = await store.upkeep.shrinkTo(2_000_000)
    expect(await store.upkeep.sizeBytes()).toBeLessThanOrEqual(2_000_000)
    const left = await timesLeft()
    expect(left.length).toBeGreaterThan(100)
    expect(removed).toEqual({ calls: 2000 - left.length, examples: 0, corrections: 0 })
    expect(left[0]).toBe(2000 - left.length)
    expect(await store.upkeep.shrinkTo(2_000_000)).toEqual({ calls: 0, examples: 0, corrections: 0 })
  })
}
