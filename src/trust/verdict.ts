/** Whether a specialist is worth having: the reasons against it, each with its numbers, and "do not train" where one of them stands. */
import type { AnswerConsistency } from '../data/answer-consistency.ts'
import type { Comparison } from '../eval/report.ts'
import type { Certificate } from './certificate.ts'

/** What the calls of a task cost; absent where the upstream model has no known price or no call was seen. */
export interface TaskMoney {
  /** Mean price of a call at the upstream, US dollars. */
  readonly upstreamUsdPerCall: number
  /** CPU and energy of a local answer, US dollars. */
  readonly localUsdPerCall: number
  /** CPU and energy of the training, US dollars. */
  readonly trainingUsd: number
  /** 0..1, share of the local answers that are paid for upstream too, to check them. */
  readonly auditShare: number
  /** Calls of the task in a day, where enough were seen to say. */
  readonly callsPerDay?: number
}

export interface VerdictInput {
  readonly certificate: Certificate
  readonly comparison?: Comparison
  readonly consistency?: AnswerConsistency
  readonly money?: TaskMoney
}

export type VerdictKind =
  | 'nothing-certified'
  | 'no-better-than-majority'
  | 'worse-than-baseline'
  | 'cheaper-upstream'
  | 'contradictory-answers'
  | 'like-baseline'

/** One reason: whether it alone speaks against training, in a sentence, and with its numbers by name. */
export interface VerdictReason {
  readonly kind: VerdictKind
  readonly stops: boolean
  readonly sentence: string
  readonly numbers: { readonly [name: string]: number }
}

export interface Verdict {
  readonly advice: 'train' | 'do-not-train'
  readonly reasons: readonly VerdictReason[]
}

/** A training that pays itself back later than this is not worth it. */
const longestPaybackDays = 365

/** Weighs what is known; without prices money says nothing, and without repeated inputs consistency neither. */
export function verdictOf(input: VerdictInput): Verdict {
  const reasons = [
    ...uncertified(input),
    ...baselines(input.comparison),
    ...expense(input),
    ...contradictions(input),
  ]
  return { advice: reasons.some((reason) => reason.stops) ? 'do-not-train' : 'train', reasons }
}

function uncertified({ certificate }: VerdictInput): readonly VerdictReason[] {
  if (certificate.threshold !== undefined) return []
  return [
    {
      kind: 'nothing-certified',
      stops: true,
      sentence: certificate.refusal ?? 'Nothing is answered locally: no threshold passed.',
      numbers: {
        calibrationRows: certificate.calibration.rows,
        ...(certificate.moreExamples !== undefined && { moreExamples: certificate.moreExamples }),
      },
    },
  ]
}

function baselines(comparison: Comparison | undefined): readonly VerdictReason[] {
  const reasons: VerdictReason[] = []
  for (const { name, accuracy, specialistLead: lead } of comparison?.contenders ?? []) {
    if (name === 'upstream') continue
    const numbers = { lead: lead.value, low: lead.low, high: lead.high, pValue: lead.pValue }
    const theirs = `${percent(accuracy.value)} of the test rows right, the specialist ${percent(comparison!.accuracy.value)}`
    const isConstant = name === 'majority' || name === 'not-there'
    if (isConstant && lead.low <= 0)
      reasons.push({
        kind: 'no-better-than-majority',
        stops: true,
        sentence: `${lead.value > 0 ? 'Not shown to be better' : 'No better'} than always ${name === 'majority' ? 'giving the most frequent answer' : 'saying "not there"'}: that has ${theirs}.`,
        numbers,
      })
    else if (!isConstant && lead.high < 0)
      reasons.push({
        kind: 'worse-than-baseline',
        stops: true,
        sentence: `Worse than a plain baseline on the same rows: ${name} has ${theirs}.`,
        numbers,
      })
    else if (!isConstant && lead.low <= 0)
      reasons.push({
        kind: 'like-baseline',
        stops: false,
        sentence: `Not shown to be better than a plain baseline: ${name} has ${theirs}. It is still the cheapest that comes with a certificate.`,
        numbers,
      })
  }
  return reasons
}

/** Savings count only what the certificate lets through, less what the audits of it cost. */
function expense({ certificate, money }: VerdictInput): readonly VerdictReason[] {
  if (money === undefined || certificate.threshold === undefined) return []
  const { coverage } = certificate.test
  const { upstreamUsdPerCall, localUsdPerCall, auditShare, trainingUsd, callsPerDay } = money
  const savedUsdPerCall = coverage * (upstreamUsdPerCall * (1 - auditShare) - localUsdPerCall)
  const numbers = { upstreamUsdPerCall, localUsdPerCall, trainingUsd, savedUsdPerCall }
  if (savedUsdPerCall <= 0) {
    const sentence = `The upstream is cheaper: a call costs ${usd(upstreamUsdPerCall)} there, and answering locally with its checks ${usd(localUsdPerCall + auditShare * upstreamUsdPerCall)}.`
    return [{ kind: 'cheaper-upstream', stops: true, sentence, numbers }]
  }
  const breakEvenCalls = Math.ceil(trainingUsd / savedUsdPerCall)
  const days = callsPerDay === undefined ? undefined : breakEvenCalls / callsPerDay
  if (days === undefined || days <= longestPaybackDays) return []
  return [
    {
      kind: 'cheaper-upstream',
      stops: true,
      sentence: `The upstream is cheaper at this rate: the training (${usd(trainingUsd)}) is paid back after ${breakEvenCalls.toLocaleString('en')} calls, which at ${callsPerDay!.toPrecision(2)} calls a day takes ${Math.round(days).toLocaleString('en')} days.`,
      numbers: { ...numbers, breakEvenCalls, breakEvenDays: days },
    },
  ]
}

function contradictions({ certificate, consistency }: VerdictInput): readonly VerdictReason[] {
  if (consistency === undefined) return []
  const { agreement, ceiling, inputs, answers } = consistency
  // Only what is sure: where even the upper end of the interval leaves more error than is allowed.
  if (1 - ceiling.high <= certificate.risk) return []
  return [
    {
      kind: 'contradictory-answers',
      stops: certificate.threshold === undefined,
      sentence: `The answers contradict each other: of ${inputs.toLocaleString('en')} inputs that were answered more than once, two answers agree in ${percent(agreement.value)}, so no model can agree with more than about ${percent(ceiling.value)} of them [${percent(ceiling.low)}, ${percent(ceiling.high)}]. A clearer prompt, or a larger --risk, would help; more examples would not.`,
      numbers: { inputs, answers, agreement: agreement.value, ceiling: ceiling.value },
    },
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

function usd(amount: number): string {
  return `$${amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(2)}`
}
