/** How often local answers of a specialist are audited: the usual share, more where the evidence is thin, within a budget. Pure. */
import { errorlessRows } from '../stats/binomial.ts'
import type { Certificate } from './certificate.ts'

/** Why the rate is what it is. */
export type RateReason =
  | 'usual'
  | 'few-audits'
  | 'thin-certificate'
  | 'evidence-rising'
  | 'corrections'
  | 'drift'
  | 'budget'
  | 'off'
  | 'left'

export interface AuditRate {
  /** 0..1, probability with which the next local answer is audited. */
  readonly rate: number
  readonly because: RateReason
}

export interface RateFacts {
  /** The usual share, 0..1; 0 switches audits off. */
  readonly usual: number
  readonly certificate: Pick<Certificate, 'risk' | 'delta' | 'test'>
  readonly audited: number
  readonly evidence: number
  /** Wrong answers that people found among calls that were not audited. */
  readonly foundWrong: number
  readonly isDrifting: boolean
  readonly hasBudget: boolean
  /** The test has said that the risk is no longer within what is allowed. */
  readonly hasLeft: boolean
}

/** How many times the usual rate each reason is worth; the strongest counts, not their product. */
const times = { few: 5, thin: 2, rising: 5, corrections: 5, drift: 5 } as const
/** From this evidence on a look more often pays: a unit staked has tripled. */
const rising = 3
const leastCorrections = 2
/** Raised rates go no higher than every second call. */
const mostRaised = 0.5

/** No specialist is audited more often than this at a usual rate. */
export function highestRate(usual: number): number {
  return Math.max(usual, Math.min(mostRaised, usual * Math.max(...Object.values(times))))
}

/** The rate; every fact in it was known before the call came, so that a call's own outcome cannot choose it. */
export function auditRate(facts: RateFacts): AuditRate {
  const { usual, certificate } = facts
  if (usual === 0) return { rate: 0, because: 'off' }
  if (facts.hasLeft) return { rate: 0, because: 'left' }
  if (!facts.hasBudget) return { rate: 0, because: 'budget' }
  const raised = (factor: number): number => Math.max(usual, Math.min(mostRaised, usual * factor))
  if (facts.isDrifting) return { rate: raised(times.drift), because: 'drift' }
  if (facts.evidence >= rising) return { rate: raised(times.rising), because: 'evidence-rising' }
  if (facts.foundWrong >= leastCorrections) return { rate: raised(times.corrections), because: 'corrections' }
  if (facts.audited < errorlessRows(certificate.risk, certificate.delta))
    return { rate: raised(times.few), because: 'few-audits' }
  if (certificate.test.bound > certificate.risk)
    return { rate: raised(times.thin), because: 'thin-certificate' }
  return { rate: usual, because: 'usual' }
}

/** What audits of the day have cost and how many went in the last minute, beside what they may. */
export interface BudgetFacts {
  readonly spentUsdToday: number
  readonly budgetUsdPerDay: number
  readonly sentLastMinute: number
  readonly callsPerMinute: number
}

/**
 * True while another audit may go. The next one's own cost is not asked for: a budget that skipped long calls near its
 * end would choose by content, so the last audit may pass it by its own price.
 */
export function hasBudget(facts: BudgetFacts): boolean {
  return facts.spentUsdToday < facts.budgetUsdPerDay && facts.sentLastMinute < facts.callsPerMinute
}
