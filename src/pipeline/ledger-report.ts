/** The ledger of some calls: sums, by whatever they are grouped, what was saved, and when a training is paid back. */
import type { TaskId } from '../base/ids.ts'
import { type BreakEven, breakEven, leastBlocks, type SavingBlock } from '../meter/break-even.ts'
import { cpuJoules, type EnergySource } from '../meter/energy.ts'
import { type MachineCosts, type Savings, savingsOf, workUsd } from '../meter/savings.ts'
import type {
  LedgerFilter,
  LedgerGroup,
  LedgerGrouping,
  LedgerTotals,
  Store,
  TrainingCost,
} from '../trace/store.ts'

export interface LedgerQuery {
  readonly task?: TaskId
  readonly sinceMs?: number
  /** Itself not included. */
  readonly untilMs?: number
  readonly by?: LedgerGrouping
}

/** Sums and savings of a group; training is in those of tasks and days, whose it is known to be. */
export type LedgerLine = LedgerGroup & { readonly savings: Savings; readonly trainings: number }

export interface TrainingSums {
  readonly runs: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly energyJoules: number
  /** What their energy rests on, without repeats. */
  readonly energyIs: readonly EnergySource[]
}

export interface LedgerReport {
  readonly totals: LedgerTotals
  readonly training: TrainingSums
  readonly savings: Savings
  readonly breakEven: BreakEven
  /** The lines of the grouping that was asked for. */
  readonly lines: readonly LedgerLine[]
  /** Models whose calls have no price, with their numbers, those with most first; empty where all are priced. */
  readonly unpriced: readonly { readonly model?: string; readonly calls: number }[]
  /** Days with calls, UTC. */
  readonly activeDays: number
}

export interface LedgerAssumptions {
  readonly costs: MachineCosts
  readonly wattsPerCpu: number
}

/** Reads the sums and works out what they come to. */
export async function ledgerReport(
  store: Pick<Store, 'ledger' | 'trainings'>,
  query: LedgerQuery,
  { costs, wattsPerCpu }: LedgerAssumptions,
): Promise<LedgerReport> {
  const { by, ...filter } = query
  const totals = await store.ledger.totals(filter)
  const trainings = (await store.trainings.list(filter.task))
    .filter((run) => isWithin(run, filter))
    .map((run) => (run.energyIs === 'cpu-time' ? atWatts(run, wattsPerCpu) : run))
  const savings = savingsOf(totals, trainings, costs)
  const days = await store.ledger.groups('day', filter)
  const groups = by === 'day' ? days : by ? await store.ledger.groups(by, filter) : []
  return {
    totals,
    training: trainingSums(trainings),
    savings,
    breakEven: breakEven(await savingBlocks(store, { filter, trainings, costs }), {
      trainingUsd: savings.trainingUsd,
      activeDays: daysSince(days, trainings),
      seed: 0,
    }),
    lines: by ? linesOf(groups, by, { trainings, costs }) : [],
    unpriced: totals.unpriced > 0 ? await unpricedModels(store, filter) : [],
    activeDays: days.length,
  }
}

/** What no counter measured is what the wattage of today says. */
function atWatts(run: TrainingCost, wattsPerCpu: number): TrainingCost {
  return { ...run, energyJoules: cpuJoules(run.cpuMs, wattsPerCpu) }
}

function isWithin({ atMs }: TrainingCost, { sinceMs, untilMs }: LedgerFilter): boolean {
  return atMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) && atMs < (untilMs ?? Number.POSITIVE_INFINITY)
}

function trainingSums(trainings: readonly TrainingCost[]): TrainingSums {
  const sum = (name: 'cpuMs' | 'wallMs' | 'energyJoules'): number =>
    trainings.reduce((total, training) => total + training[name], 0)
  return {
    runs: trainings.length,
    cpuMs: sum('cpuMs'),
    wallMs: sum('wallMs'),
    energyJoules: sum('energyJoules'),
    energyIs: [...new Set(trainings.map(({ energyIs }) => energyIs))].sort(),
  }
}

interface Work {
  readonly trainings: readonly TrainingCost[]
  readonly costs: MachineCosts
}

const dayMs = 86_400_000

function linesOf(
  groups: readonly LedgerGroup[],
  by: LedgerGrouping,
  { trainings, costs }: Work,
): readonly LedgerLine[] {
  return groups.map((group) => {
    const own = trainings.filter(
      ({ task, atMs }) =>
        (by === 'task' && task === group.name) ||
        (by === 'day' && group.fromMs !== undefined && Math.floor(atMs / dayMs) * dayMs === group.fromMs),
    )
    return { ...group, savings: savingsOf(group, own, costs), trainings: own.length }
  })
}

/** Calls since the first training, in the longest stretches of time of which there are enough to see how they vary. */
async function savingBlocks(
  store: Pick<Store, 'ledger'>,
  { filter, trainings, costs }: Work & { readonly filter: LedgerFilter },
): Promise<readonly SavingBlock[]> {
  if (trainings.length === 0) return []
  const firstMs = Math.min(...trainings.map(({ atMs }) => atMs))
  const since = { ...filter, sinceMs: Math.max(filter.sinceMs ?? firstMs, firstMs) }
  const enough = leastBlocks * 2
  let groups: readonly LedgerGroup[] = []
  for (const unit of ['day', 'hour', 'minute'] as const) {
    groups = await store.ledger.groups(unit, since)
    if (groups.length >= enough) break
  }
  return groups.map((group) => ({
    fromMs: group.fromMs ?? 0,
    calls: group.calls,
    netUsd: group.avoidedUsd - group.auditUsd - workUsd(group, costs),
  }))
}

/** Days with calls since the first training; the clock may have been set back, so days are counted, not subtracted. */
function daysSince(days: readonly LedgerGroup[], trainings: readonly TrainingCost[]): number {
  const firstMs = Math.min(...trainings.map(({ atMs }) => atMs))
  return days.filter(({ fromMs }) => (fromMs ?? 0) + dayMs > firstMs).length
}

async function unpricedModels(
  store: Pick<Store, 'ledger'>,
  filter: LedgerFilter,
): Promise<LedgerReport['unpriced']> {
  const groups = await store.ledger.groups('model', filter)
  return groups
    .filter(({ unpriced }) => unpriced > 0)
    .map(({ name, unpriced }) => ({ ...(name !== undefined && { model: name }), calls: unpriced }))
    .toSorted((a, b) => b.calls - a.calls)
}
