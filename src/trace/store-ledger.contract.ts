/** What every store must do with the rows of the ledger: exact sums, by whatever they are grouped. */
import { expect, test } from 'vitest'
import { type CallId, type ModelName, taskId } from '../base/ids.ts'
import type { LedgerRow } from '../meter/ledger-row.ts'
import type { Usage } from '../wire/call.ts'
import type { CurrentStore } from './store.contract.ts'
import type { KeptCall } from './store.ts'
import { keptCall, mailTask } from './store-fixtures.contract.ts'

const dayMs = 86_400_000

/** The part of the contract about the ledger. */
export function ledgerTests(current: () => CurrentStore): void {
  const append = (...calls: readonly KeptCall[]): Promise<void> => current().store.calls.append(calls)
  const priced = (atMs: number, changes: Partial<LedgerRow>): KeptCall => {
    const kept = keptCall(atMs, changes.servedBy === undefined ? {} : { servedBy: changes.servedBy })
    return { call: kept.call, ledger: { ...kept.ledger, ...changes } }
  }

  test('the ledger sums what was paid and what was not', async () => {
    const { store } = current()
    await append(keptCall(1), keptCall(2, { servedBy: 'mail@1 (nano)' }), keptCall(3))
    const totals = await store.ledger.totals({ task: mailTask.id })
    expect(totals).toMatchObject({ calls: 3, local: 1, unpriced: 0, promptTokens: 300, completionTokens: 15 })
    expect(totals).toMatchObject({ costUsd: 0.002, avoidedUsd: 0.001, cpuMs: 0.375 })
    expect(totals.upstreamJoules).toEqual({ low: 1, high: 200 })
    expect(totals.avoidedJoules).toEqual({ low: 0.5, high: 100 })
    expect((await store.ledger.totals({ sinceMs: 3 })).calls).toBe(1)
    expect((await store.ledger.totals({ sinceMs: 2, untilMs: 3 })).calls).toBe(1)
  })

  test('a call without a price is counted and missing from the sum, which is not the same as 0', async () => {
    const { costUsd, ...unknown } = keptCall(4).ledger
    await append({ call: { ...keptCall(4).call, id: unknown.call }, ledger: unknown }, keptCall(5))
    expect(costUsd).toBe(0.001)
    const totals = await current().store.ledger.totals()
    expect(totals).toMatchObject({ calls: 2, unpriced: 1, costUsd: 0.001 })
  })

  test('every part of a usage comes back with its call', async () => {
    const usage: Usage = {
      ...{
        promptTokens: 100,
        completionTokens: 50,
        cachedTokens: 1,
        cacheWriteTokens: 5,
        cacheWriteHourTokens: 4,
      },
      ...{ reasoningTokens: 7, audioPromptTokens: 8, audioCompletionTokens: 9 },
      ...{ source: 'counted', countedBy: 'o200k_base' },
    }
    const kept = keptCall(1, { usage })
    await append(kept)
    expect((await current().store.calls.get(kept.call.id))?.usage).toEqual(usage)
  })

  test('of no call every sum is 0', async () => {
    const totals = await current().store.ledger.totals({ task: taskId('none') })
    const { upstreamJoules, avoidedJoules, ...numbers } = totals
    expect(Object.values(numbers).every((value) => value === 0)).toBe(true)
    expect([upstreamJoules, avoidedJoules]).toEqual([
      { low: 0, high: 0 },
      { low: 0, high: 0 },
    ])
    expect(await current().store.ledger.groups('task')).toEqual([])
  })

  test('sums of money have no error of floating numbers', async () => {
    await append(...Array.from({ length: 3000 }, (_, at) => priced(at, { costUsd: 0.0000007 })))
    // As floating numbers these add up to 0.0021000000000001004.
    expect((await current().store.ledger.totals()).costUsd).toBe(0.0021)
  })

  test('audits are no calls of clients, and what they cost is told apart', async () => {
    const local = keptCall(1, { servedBy: 'mail@1 (nano)' })
    await append(local, keptCall(2, { auditOf: local.call.id }))
    expect(await current().store.ledger.totals()).toMatchObject({
      calls: 1,
      local: 1,
      audits: 1,
      costUsd: 0.001,
      auditUsd: 0.001,
      avoidedUsd: 0.001,
    })
  })

  test('groups by task, tier, model and key add up to the whole; what has none is a group of its own', async () => {
    const { store } = current()
    const { task: _, key: __, ...none } = keptCall(3).ledger
    await append(
      keptCall(1),
      keptCall(2, { servedBy: 'mail@1 (nano)', key: 'key_1' }),
      { call: keptCall(3).call, ledger: { ...none, call: 'call_x' as CallId } },
      keptCall(4, { task: taskId('other'), model: 'small-1' as ModelName, key: 'key_2' }),
    )
    const names = async (by: Parameters<typeof store.ledger.groups>[0]): Promise<unknown[]> => {
      const groups = await store.ledger.groups(by)
      expect(groups.reduce((sum, group) => sum + group.calls, 0)).toBe(4)
      const nano = groups.reduce((sum, group) => sum + Math.round(group.costUsd * 1e9), 0)
      expect(nano).toBe(Math.round((await store.ledger.totals()).costUsd * 1e9))
      return groups.map(({ name, calls }) => [name, calls])
    }
    expect(await names('task')).toEqual([
      [undefined, 1],
      ['mail', 2],
      ['other', 1],
    ])
    expect(await names('tier')).toEqual([
      ['nano', 1],
      ['upstream', 3],
    ])
    expect(await names('model')).toEqual([
      ['big-1', 3],
      ['small-1', 1],
    ])
    expect((await names('key')).slice(1)).toEqual([
      ['key_1', 1],
      ['key_2', 1],
    ])
  })

  test('what a key spent is summed from a moment on, up to another, and apart from other keys', async () => {
    const { store } = current()
    await append(
      ...[1, 2, 3].map((at) => keptCall(at, { key: 'one' })),
      keptCall(2, { key: 'two' }),
      keptCall(2),
    )
    const spent = (sinceMs: number, untilMs?: number) => store.ledger.spentUsd('one', sinceMs, untilMs)
    expect([await spent(1), await spent(2), await spent(1, 3), await spent(4)]).toEqual([
      0.003, 0.002, 0.002, 0,
    ])
  })

  test('rows of a clock that was set back are in the day that it said', async () => {
    const day = 20_000 * dayMs
    await append(keptCall(day), keptCall(day + 5), keptCall(day - 1), keptCall(day + 6), keptCall(0))
    const days = await current().store.ledger.groups('day')
    expect(days.map(({ fromMs, calls }) => [fromMs, calls])).toEqual([
      [0, 1],
      [day - dayMs, 1],
      [day, 3],
    ])
    expect((await current().store.ledger.groups('minute', { sinceMs: 1 })).map(({ calls }) => calls)).toEqual(
      [1, 3],
    )
  })
}
