import { expect, test } from 'vitest'
import { listPrices } from '../../meter/prices.ts'
import type { Call } from '../../wire/call.ts'
import { auditBudget } from './budget.ts'

const day = 86_400_000

function budgetAt(nowMs: number, settings = { budgetUsdPerDay: 1, callsPerMinute: 2 }) {
  const time = { nowMs }
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs }
  return { budget: auditBudget({ settings, prices: listPrices, clock }), time }
}

/** A million tokens in and none out: 0.15 dollars. */
function audit(more: Partial<Call> = {}): Call {
  return {
    id: 'call_1' as Call['id'],
    atMs: 0,
    method: 'POST',
    path: '/v1/chat/completions',
    wire: 'openai-chat',
    model: 'gpt-4o-mini' as NonNullable<Call['model']>,
    servedBy: 'upstream',
    reason: 'audit',
    streaming: false,
    status: 200,
    usage: { promptTokens: 1_000_000, completionTokens: 0, source: 'reported' },
    latencyMs: 1,
    ...more,
  }
}

test('money is spent by the day, UTC, and a new day has it all again', () => {
  const { budget, time } = budgetAt(20 * day - 1000)
  for (let call = 0; call < 6; call++) budget.noteCost(audit())
  expect(budget.spentUsdToday).toBeCloseTo(0.9, 9)
  expect(budget.hasRoom()).toBe(true)
  budget.noteCost(audit())
  expect(budget.hasRoom()).toBe(false)
  time.nowMs += 1000
  expect(budget.spentUsdToday).toBe(0)
  expect(budget.hasRoom()).toBe(true)
})

test('calls are counted by the minute, also where the price is not known', () => {
  const { budget, time } = budgetAt(20 * day)
  budget.noteSent()
  budget.noteCost(audit({ model: 'unheard-of' as never }))
  expect(budget.hasRoom()).toBe(true)
  budget.noteSent()
  expect(budget.hasRoom()).toBe(false)
  time.nowMs += 60_000
  expect(budget.hasRoom()).toBe(true)
  expect(budget.spentUsdToday).toBe(0)
})

test('failed audits cost nothing, and what the ledger says of today is counted at the start', async () => {
  const { budget } = budgetAt(20 * day + 5000)
  const asked: unknown[] = []
  const totals = async (filter: unknown) => {
    asked.push(filter)
    return { auditUsd: 0.3 } as never
  }
  await budget.start({ ledger: { totals } })
  expect(asked).toEqual([{ sinceMs: 20 * day }])
  budget.noteCost(audit())
  budget.noteCost(audit({ status: 500 }))
  expect(budget.spentUsdToday).toBeCloseTo(0.45, 9)
})
