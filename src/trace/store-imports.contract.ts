/** What every store must do with imports: all of one is seen or nothing, and nothing twice. */
import { expect, test } from 'vitest'
import type { CurrentStore } from './store.contract.ts'
import { collect, keptCall, mailTask, textExample } from './store-fixtures.contract.ts'

/** The part of the contract about imports. */
export function importTests(current: () => CurrentStore): void {
  const many = Array.from({ length: 9000 }, (_, i) => textExample(`text ${i}`, `label ${i % 3}`))

  test('nothing of an import is seen before its commit, all of it after', async () => {
    const { store } = current()
    const kept = keptCall(1)
    const staged = await store.examples.stage(mailTask.id, 'log')
    await staged.add(many)
    await staged.addCalls([kept])
    expect(await store.examples.count(mailTask.id)).toBe(0)
    expect(await collect(store.examples.iterate(mailTask.id))).toEqual([])
    expect(await store.calls.get(kept.call.id)).toBeUndefined()
    expect(await store.calls.count()).toBe(0)
    expect((await store.ledger.totals()).calls).toBe(0)
    expect(await staged.commit()).toEqual({ added: 9000, repeated: 0 })
    expect(await store.examples.count(mailTask.id)).toBe(9000)
    expect(await store.calls.get(kept.call.id)).toEqual(kept.call)
    expect((await store.ledger.totals()).calls).toBe(1)
  })

  test('an aborted import leaves nothing, and the same rows can be imported afterwards', async () => {
    const { store } = current()
    const kept = keptCall(1)
    const staged = await store.examples.stage(mailTask.id, 'first')
    await staged.add(many)
    await staged.addCalls([kept])
    await staged.abort()
    expect(await store.examples.count(mailTask.id)).toBe(0)
    const again = await store.examples.stage(mailTask.id, 'again')
    await again.add(many)
    await again.addCalls([kept])
    expect(await again.commit()).toEqual({ added: 9000, repeated: 0 })
    expect(await store.calls.count()).toBe(1)
  })

  test('importing the same rows and calls again adds nothing', async () => {
    const { store } = current()
    const kept = keptCall(1)
    for (const expected of [
      { added: 9000, repeated: 0 },
      { added: 0, repeated: 9000 },
    ]) {
      const staged = await store.examples.stage(mailTask.id, 'file')
      await staged.add(many)
      await staged.addCalls([kept])
      expect(await staged.commit()).toEqual(expected)
    }
    expect((await collect(store.examples.iterate(mailTask.id))).length).toBe(9000)
    expect(await store.calls.count()).toBe(1)
    expect((await store.ledger.totals()).calls).toBe(1)
  })

  test('two imports of the same rows at once store them once', async () => {
    const { store, under } = current()
    const other = await under.open()
    const kept = keptCall(1)
    const both = [await store.examples.stage(mailTask.id, 'a'), await other.examples.stage(mailTask.id, 'b')]
    for (const staged of both) {
      await staged.add(many)
      await staged.addCalls([kept])
    }
    expect(await both[0]!.commit()).toEqual({ added: 9000, repeated: 0 })
    expect(await both[1]!.commit()).toEqual({ added: 0, repeated: 9000 })
    expect((await collect(store.examples.iterate(mailTask.id))).length).toBe(9000)
    expect(await store.examples.count(mailTask.id)).toBe(9000)
    expect(await store.calls.count()).toBe(1)
    expect((await store.ledger.totals()).calls).toBe(1)
    await other.close()
  })

  test('what a killed import left is swept by the next one, and the killed one can no longer finish', async () => {
    const { store, under } = current()
    const killed = await store.examples.stage(mailTask.id, 'killed.csv')
    await killed.add(many)
    const later = await under.open({ nowMs: () => Date.now() + 11 * 60_000, monotonicMs: () => 0 })
    const next = await later.examples.stage(mailTask.id, 'next.csv')
    await next.add(many)
    await expect(killed.commit()).rejects.toMatchObject({ code: 'store.import-lost' })
    expect(await next.commit()).toEqual({ added: 9000, repeated: 0 })
    await later.close()
  })

  test('calls are kept while an import is open', async () => {
    const { store, under } = current()
    const other = await under.open()
    const staged = await store.examples.stage(mailTask.id, 'file')
    await staged.add(many)
    await other.calls.append([keptCall(1)])
    await staged.add(many.slice(0, 10))
    expect(await staged.commit()).toEqual({ added: 9000, repeated: 10 })
    expect(await store.calls.count()).toBe(1)
    await other.close()
  })
}
