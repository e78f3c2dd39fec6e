/**
 * Which tier a task gets: pure decisions, from rows held aside inside the training part and from money, never from the
 * calibration rows. So that what is promoted was not picked by the rows that certify it, which would spend delta twice.
 */
import type { MachineCosts } from '../meter/savings.ts'
import { workUsd } from '../meter/savings.ts'
import type { TaskEconomics } from './economics.ts'

export interface TierChoice {
  readonly goOn: boolean
  /** In a sentence, with its numbers. */
  readonly why: string
}

export interface Headroom {
  /** 0..1, share of the calls that the first tier should come to answer, by its held-aside rows. */
  readonly expectedCoverage: number
  /** Wall time that is left for the larger tier; absent: as much as it takes. */
  readonly budgetLeftMs?: number
  readonly economics?: TaskEconomics
}

/** Of the calls that nano leaves to the upstream the share that a fine-tuned encoder takes over: (87 - 80) / (100 - 80) on banking77, rounded down. */
const usualGain = 1 / 3
/** Gains below these are not worth a second model, before it is trained and after. */
const leastHopedFor = 0.02
const leastGain = 0.01
/** Below this no encoder learns anything. */
const leastBudgetMs = 20_000
/** CPU time that a training is taken to cost where no budget was said. */
const usualCpuMs = 20 * 60_000

/** Whether the larger tier is tried at all. */
export function worthTrying({ expectedCoverage, budgetLeftMs, economics }: Headroom): TierChoice {
  const gain = usualGain * (1 - expectedCoverage)
  const hoped = `nano should come to answer ${percent(expectedCoverage)} of the calls, and a third of the rest, ${percent(gain)}, is what a larger model may add`
  if (gain < leastHopedFor)
    return { goOn: false, why: `${hoped}: less than the ${percent(leastHopedFor)} from which it is tried.` }
  if (budgetLeftMs !== undefined && budgetLeftMs < leastBudgetMs)
    return {
      goOn: false,
      why: `${hoped}, but only ${Math.max(0, Math.round(budgetLeftMs / 1000))} s of the budget are left, and it takes at least ${leastBudgetMs / 1000} s.`,
    }
  const costs = yearly(gain, economics, 2 * (budgetLeftMs ?? usualCpuMs / 2))
  if (costs && costs.savedUsd < costs.trainingUsd)
    return {
      goOn: false,
      why: `${hoped}, which saves $${costs.savedUsd.toFixed(2)} a year, less than its training costs ($${costs.trainingUsd.toFixed(2)}).`,
    }
  return { goOn: true, why: `${hoped}.` }
}

/** Whether the cascade is to serve rather than the first tier alone: by what both should answer of the same held-aside rows. */
export function worthServing(coverage: { readonly first: number; readonly both: number }): TierChoice {
  const gain = coverage.both - coverage.first
  const seen = `by the held-aside rows nano alone should answer ${percent(coverage.first)} of the calls and both together ${percent(coverage.both)}`
  return gain >= leastGain
    ? { goOn: true, why: `${seen}.` }
    : { goOn: false, why: `${seen}: the gain is below ${percent(leastGain)}.` }
}

function yearly(
  gain: number,
  economics: TaskEconomics | undefined,
  cpuMs: number,
): { readonly savedUsd: number; readonly trainingUsd: number } | undefined {
  if (economics?.callsPerDay === undefined) return undefined
  const { callsPerDay, upstreamUsdPerCall, costs }: { readonly costs: MachineCosts } & TaskEconomics =
    economics
  return {
    savedUsd: gain * 365 * callsPerDay! * upstreamUsdPerCall,
    trainingUsd: workUsd({ cpuMs, energyJoules: 0 }, costs),
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}
