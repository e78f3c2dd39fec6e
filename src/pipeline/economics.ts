/** What the calls of a task cost as the ledger knows it, and what a specialist of it would cost: for the verdict whether to train. */
import { type MachineCosts, workUsd } from '../meter/savings.ts'
import type { Task } from '../task/types.ts'
import type { LedgerGroup, Store } from '../trace/store.ts'
import type { TaskMoney } from '../trust/verdict.ts'

export interface TaskEconomics {
  /** Mean price of a call at the upstream, US dollars. */
  readonly upstreamUsdPerCall: number
  /** Calls in a day, where at least a week was seen. */
  readonly callsPerDay?: number
  /** 0..1, share of the local answers that are checked upstream. */
  readonly auditShare: number
  readonly costs: MachineCosts
}

const dayMs = 86_400_000
const fewestDays = 7

/** Reads the ledger of a task; `undefined` where no call of it has a price. */
export async function taskEconomics(
  store: Pick<Store, 'ledger'>,
  task: Task['id'],
  options: { readonly auditShare: number; readonly costs: MachineCosts },
): Promise<TaskEconomics | undefined> {
  const days = await store.ledger.groups('day', { task })
  const sum = (of: (day: LedgerGroup) => number): number => days.reduce((total, day) => total + of(day), 0)
  // What local answers avoided is the upstream's price too; unpriced calls are in neither sum.
  const priced = sum((day) => day.calls + day.audits - day.unpriced)
  if (priced === 0) return undefined
  const upstreamUsdPerCall = sum((day) => day.costUsd + day.avoidedUsd) / priced
  const [first, last] = [days[0]?.fromMs ?? 0, days.at(-1)?.fromMs ?? 0]
  const span = (last - first) / dayMs + 1
  return {
    upstreamUsdPerCall,
    ...(span >= fewestDays && { callsPerDay: sum((day) => day.calls) / span }),
    ...options,
  }
}

/** The money of a specialist: what its training took, and what its answers take. */
export function moneyOf(
  { upstreamUsdPerCall, callsPerDay, auditShare, costs }: TaskEconomics,
  work: { readonly trainingCpuMs: number; readonly textsPerSecond: number },
): TaskMoney {
  const usdOf = (cpuMs: number): number => workUsd({ cpuMs, energyJoules: 0 }, costs)
  return {
    upstreamUsdPerCall,
    localUsdPerCall: usdOf(1000 / work.textsPerSecond),
    trainingUsd: usdOf(work.trainingCpuMs),
    auditShare,
    ...(callsPerDay !== undefined && { callsPerDay }),
  }
}
