/** What audits may cost: money a day (UTC) at the known prices, and calls a minute. Counted by each gateway for itself. */
import type { Clock } from '../../base/clock.ts'
import { priceCall } from '../../meter/cost.ts'
import type { PriceTable } from '../../meter/prices.ts'
import { usageOfCall } from '../../meter/usage.ts'
import type { AuditSettings } from '../../pipeline/configuration/audit.ts'
import type { Store } from '../../trace/store.ts'
import { hasBudget } from '../../trust/audit-rate.ts'
import type { Call } from '../../wire/call.ts'

/** What a budget reads at its start. */
export interface SpendingStore {
  readonly ledger: Pick<Store['ledger'], 'totals'>
}

export interface AuditBudget {
  /** True while another audit may go. */
  hasRoom(): boolean
  /** Notes that one went. */
  noteSent(): void
  /** Notes what one cost, where its model has a price. */
  noteCost(call: Call): void
  readonly spentUsdToday: number
  /** Counts what the ledger says that audits have cost today. */
  start(store: SpendingStore): Promise<void>
}

export interface BudgetOptions {
  readonly settings: Pick<AuditSettings, 'budgetUsdPerDay' | 'callsPerMinute'>
  readonly prices: PriceTable
  readonly clock: Clock
}

const dayMs = 86_400_000
const minuteMs = 60_000

/** A budget of which nothing is spent yet. */
export function auditBudget({ settings, prices, clock }: BudgetOptions): AuditBudget {
  const day = { number: 0, spentUsd: 0 }
  const minute = { number: 0, sent: 0 }
  const turn = (): void => {
    const today = Math.floor(clock.nowMs() / dayMs)
    if (today !== day.number) Object.assign(day, { number: today, spentUsd: 0 })
    const now = Math.floor(clock.monotonicMs() / minuteMs)
    if (now !== minute.number) Object.assign(minute, { number: now, sent: 0 })
  }
  const noteCost = (call: Call): void => {
    turn()
    if (call.status < 200 || call.status >= 300) return
    const usage = usageOfCall(call)
    const cost = usage && call.model !== undefined ? priceCall(usage, call.model, prices) : undefined
    if (cost !== undefined) day.spentUsd += cost
  }
  return {
    hasRoom: () => {
      turn()
      return hasBudget({ ...settings, spentUsdToday: day.spentUsd, sentLastMinute: minute.sent })
    },
    noteSent: () => {
      turn()
      minute.sent++
    },
    noteCost,
    get spentUsdToday() {
      turn()
      return day.spentUsd
    },
    start: async (store) => {
      const sinceMs = Math.floor(clock.nowMs() / dayMs) * dayMs
      const { auditUsd } = await store.ledger.totals({ sinceMs })
      turn()
      day.spentUsd += auditUsd
    },
  }
}
