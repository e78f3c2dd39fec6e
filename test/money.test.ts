/** Money of calls of every usage shape, from the client through the gateway to the ledger's sums. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listPrices } from '../src/meter/prices.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { startRecorder } from '../src/trace/recorder.ts'
import type { LedgerTotals, Store } from '../src/trace/store.ts'
import { collect } from '../src/trace/store-fixtures.contract.ts'
import { moneyCalls, moneyDue, moneyShapes } from './support/money-calls.ts'
import { moneyUpstream, sendMoneyCalls } from './support/money-upstream.ts'
import { startTestGateway } from './support/test-gateway.ts'

const calls = moneyCalls(120, 3)
let folder: string
let store: Store
let totals: LedgerTotals
let wrong: readonly number[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-money-'))
  const storeFile = join(folder, 'store.db')
  store = await openLibsqlStore({ path: storeFile })
  const recorder = await startRecorder({ storeFile, prices: listPrices })
  const upstream = await moneyUpstream(calls)
  const gateway = await startTestGateway({ upstreamUrl: upstream.url, recorder })
  wrong = await sendMoneyCalls(gateway.url, calls, { atOnce: 4 })
  await gateway.close()
  await recorder.close()
  await upstream.close()
  totals = await store.ledger.totals()
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

test('the client sees every byte that the upstream would have sent it, and none of the usage that the gateway asked for', () => {
  expect(wrong).toEqual([])
})

test('all calls are in the ledger, with the tokens that the upstream reported', async () => {
  expect(totals).toMatchObject({ calls: 120, counted: 0, local: 0, audits: 0 })
  const kept = await collect(store.calls.iterate())
  expect(new Set(kept.map(({ wire }) => wire)).size).toBe(3)
  for (const call of kept) {
    expect(call.usage?.source).toBe('reported')
    expect(call.model).toBeDefined()
    expect(JSON.stringify(JSON.parse(call.response!))).toContain('Answer')
  }
  expect(kept.filter(({ streaming }) => streaming)).toHaveLength(calls.length / 2)
  expect(moneyShapes).toHaveLength(6)
})

test("the ledger's sum is the price table's arithmetic to a millionth of a dollar; calls without a price are counted", () => {
  const due = moneyDue(calls)
  expect(totals.unpriced).toBe(due.unpriced)
  expect(due.unpriced).toBeGreaterThan(0)
  // A row is rounded to a billionth once.
  expect(Math.abs(totals.costUsd - Number(due.picoUsd) / 1e12)).toBeLessThan(1e-6)
  expect(totals.costUsd.toFixed(2)).toBe((Number(due.picoUsd / 10_000_000n) / 1e5).toFixed(2))
})
