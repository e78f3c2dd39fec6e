/** What audits need, in memory: checks in a list, pointers in a map, and a served book that follows them. */
import type { AuditOptions } from '../../src/gateway/audits/audits.ts'
import type { ServedTasks } from '../../src/gateway/context.ts'
import { listPrices } from '../../src/meter/prices.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { taskBook } from '../../src/route/recognise.ts'
import type { ServedTask } from '../../src/route/specialist.ts'
import type { Check, LedgerTotals } from '../../src/trace/store.ts'

export interface AuditSetup {
  readonly checks: Check[]
  /** Reasons of demotions, in order. */
  readonly demoted: string[]
  readonly tasks: ServedTasks
  readonly audits: AuditOptions
}

/** Every local answer is audited unless the settings say otherwise. */
export function auditSetup(served: ServedTask, settings: Partial<AuditOptions['settings']> = {}): AuditSetup {
  const checks: Check[] = []
  const demoted: string[] = []
  const counts = { loaded: 1, sizeBytes: 1, loads: 1, failures: 0, evictions: 0 }
  const tasks = { book: taskBook([served]), problems: [], counts }
  const moves: Parameters<Registry['watch']>[0][] = []
  const promotedAt = new Date(0).toISOString()
  const registry: AuditOptions['registry'] = {
    movedAt: async () => promotedAt,
    demote: async (task, why, only) => {
      const [serving] = tasks.book.get(task)?.specialists ?? []
      if (serving?.id !== only) return
      demoted.push(why)
      tasks.book = taskBook([{ task: served.task, specialists: [] }])
      for (const onMove of moves) onMove(task, undefined)
    },
    demotion: async () =>
      demoted.length === 0
        ? undefined
        : { was: served.specialists[0]!.id, why: demoted.at(-1)!, at: promotedAt },
    watch: (onMove) => {
      moves.push(onMove)
      return () => {}
    },
  }
  const store = { checks: checksIn(checks), ledger: { totals: async () => nothingSpent } }
  return {
    checks,
    demoted,
    tasks,
    audits: {
      settings: { rate: 1, budgetUsdPerDay: 5, callsPerMinute: 100_000, ...settings },
      prices: listPrices,
      store,
      registry,
      seed: 1,
    },
  }
}

function checksIn(checks: Check[]): AuditOptions['store']['checks'] {
  return {
    put: async (check) => {
      checks.push(check)
    },
    iterate: async function* (specialist, options) {
      yield* checks.filter((check) => check.specialist === specialist).slice(options?.skip ?? 0)
    },
  }
}

/** Of the totals only the money of audits is read. */
const nothingSpent = { auditUsd: 0 } as LedgerTotals
