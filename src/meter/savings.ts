/** What was saved: what the upstream alone would have cost, minus all that was spent. */

/** What this machine's work costs. */
export interface MachineCosts {
  readonly usdPerCpuHour: number
  readonly usdPerKilowattHour: number
}

/** Work of this machine. */
export interface MachineWork {
  readonly cpuMs: number
  readonly energyJoules: number
}

/** US dollars of work on this machine. */
export function workUsd({ cpuMs, energyJoules }: MachineWork, costs: MachineCosts): number {
  return (cpuMs / 3.6e6) * costs.usdPerCpuHour + (energyJoules / 3.6e6) * costs.usdPerKilowattHour
}

/** Money, as the ledger's rows sum it. */
export interface SpentAndAvoided extends MachineWork {
  /** Paid to upstreams, audits included. */
  readonly costUsd: number
  readonly auditUsd: number
  readonly avoidedUsd: number
}

/** US dollars; `savedUsd` is `upstreamAloneUsd` minus `spentUsd`. */
export type Savings = {
  /** What the same calls would have cost with the upstream alone. */
  readonly upstreamAloneUsd: number
  readonly spentUsd: number
  readonly savedUsd: number
  /** The parts of what was spent. */
  readonly clientCallsUsd: number
  readonly auditsUsd: number
  readonly answersUsd: number
  readonly trainingUsd: number
}

/** The savings of some calls and training runs. */
export function savingsOf(
  calls: SpentAndAvoided,
  trainings: readonly MachineWork[],
  costs: MachineCosts,
): Savings {
  const clientCallsUsd = calls.costUsd - calls.auditUsd
  const answersUsd = workUsd(calls, costs)
  const trainingUsd = trainings.reduce((sum, training) => sum + workUsd(training, costs), 0)
  const upstreamAloneUsd = clientCallsUsd + calls.avoidedUsd
  const spentUsd = calls.costUsd + answersUsd + trainingUsd
  return {
    upstreamAloneUsd,
    spentUsd,
    savedUsd: upstreamAloneUsd - spentUsd,
    clientCallsUsd,
    auditsUsd: calls.auditUsd,
    answersUsd,
    trainingUsd,
  }
}
