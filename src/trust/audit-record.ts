/**
 * What audits and corrections have shown of one specialist since it was promoted, and the test of its promise on them.
 * A correction of an audited call stands in place of the upstream's verdict; other corrections are counted apart, since
 * people correct what is wrong and not what is right (`risk-test.ts` says why this keeps the guarantee).
 */
import type { CallId } from '../base/ids.ts'
import { clopperPearsonUpper } from '../stats/binomial.ts'
import { meanAtAllTimes } from '../stats/confidence-sequence.ts'
import type { Certificate } from './certificate.ts'
import { afterAudit, hasLeft, type RiskTest, startRiskTest } from './risk-test.ts'

/** As the store keeps it. */
export interface CheckedCall {
  readonly call: CallId
  readonly source: 'audit' | 'correction'
  readonly wrong: boolean
  /** 0..1; absent: 1 where wrong, else 0. */
  readonly loss?: number
}

export type AuditTerms = Pick<Certificate, 'risk' | 'delta' | 'wrongMeans'>

export interface AuditFigures {
  /** Audited calls whose outcome is known. */
  readonly audited: number
  /** Of these, those that are not wholly right. */
  readonly wrong: number
  /** Mean loss of the audited calls with its bounds, which hold at all times at once with chance 1 - delta; absent before the first. */
  readonly risk?: { readonly value: number; readonly low: number; readonly high: number }
  /** Audited calls that a person has spoken on too. */
  readonly corrected: number
  /** Calls that were not audited and that a person found wrong. */
  readonly foundWrong: number
  /** Share of wrong answers that the test allows; absent while it is still being learned (see {@link auditRecord}). */
  readonly allowed?: number
  /** What a unit staked on "the risk is above what is allowed" has become, and from where on that is believed. */
  readonly evidence: number
  readonly needed: number
  /** True: the risk is no longer within what is allowed. */
  readonly hasLeft: boolean
  /** Where it is not: the audits up to the last one that speak most against it. */
  readonly lately?: { readonly audited: number; readonly wrong: number }
}

export interface AuditRecord {
  /** Takes the next check, in the order in which they were kept. */
  add(check: CheckedCall): void
  figures(): AuditFigures
}

/** Audits from which the usual disagreement with the upstream is learned, where the promise is about people's answers. */
const learningAudits = 200

interface Test {
  readonly learned: { readonly audits: number; readonly lossSum: number }
  readonly test?: RiskTest
}

/**
 * An empty record. Where `wrong` means "differs from the upstream", the test is of the certificate's risk. Where it means
 * "differs from a person's answer", an audit cannot see an error, only a disagreement, and the upstream makes errors of
 * its own: so the first 200 audits give an upper bound (Clopper-Pearson, level delta / 2) of the usual disagreement, and
 * the audits after them test at level delta / 2 that it has not become more. Together the level is delta. Of the first 200
 * the largest loss that each was ever given is learned from: were a person's "right after all" to lower the usual
 * disagreement, the audits that nobody has looked at yet would seem to have become worse.
 */
export function auditRecord(terms: AuditTerms): AuditRecord {
  const losses: number[] = []
  const largest: number[] = []
  const places = new Map<CallId, number>()
  const corrections = new Map<CallId, number>()
  let state = freshTest(terms)
  return {
    add: (check) => {
      const loss = check.loss ?? (check.wrong ? 1 : 0)
      if (check.source === 'audit') {
        if (places.has(check.call)) return
        places.set(check.call, losses.length)
        losses.push(corrections.get(check.call) ?? loss)
        largest.push(Math.max(loss, losses.at(-1)!))
        state = nextTest(state, { loss: losses.at(-1)!, largest: largest.at(-1)! }, terms)
        return
      }
      corrections.set(check.call, loss)
      const place = places.get(check.call)
      if (place === undefined || losses[place] === loss) return
      losses[place] = loss
      largest[place] = Math.max(largest[place]!, loss)
      state = losses.reduce(
        (before, one, at) => nextTest(before, { loss: one, largest: largest[at]! }, terms),
        freshTest(terms),
      )
    },
    figures: () => figuresOf({ losses, places, corrections, state, terms }),
  }
}

function freshTest({ risk, delta, wrongMeans }: AuditTerms): Test {
  const learned = { audits: 0, lossSum: 0 }
  return wrongMeans === 'error' ? { learned } : { learned, test: startRiskTest({ risk, delta }) }
}

interface AuditedLoss {
  readonly loss: number
  /** The largest loss that the audit or a person ever gave the call. */
  readonly largest: number
}

function nextTest(state: Test, { loss, largest }: AuditedLoss, { risk, delta }: AuditTerms): Test {
  if (state.test) return { ...state, test: afterAudit(state.test, loss) }
  const learned = { audits: state.learned.audits + 1, lossSum: state.learned.lossSum + largest }
  if (learned.audits < learningAudits) return { learned }
  const usual = clopperPearsonUpper(Math.ceil(learned.lossSum), learned.audits, delta / 2)
  const allowed = Math.min(mostAllowed, Math.max(risk, usual))
  return { learned, test: startRiskTest({ risk: allowed, delta: delta / 2 }) }
}

/** Above this no disagreement could be told from the usual. */
const mostAllowed = 0.99

interface Known {
  readonly losses: readonly number[]
  readonly places: ReadonlyMap<CallId, number>
  readonly corrections: ReadonlyMap<CallId, number>
  readonly state: Test
  readonly terms: AuditTerms
}

function figuresOf({ losses, places, corrections, state, terms }: Known): AuditFigures {
  const { test } = state
  const lossSum = losses.reduce((sum, loss) => sum + loss, 0)
  const said = [...corrections]
  return {
    audited: losses.length,
    wrong: losses.filter((loss) => loss > 0).length,
    ...(losses.length > 0 && {
      risk: { value: lossSum / losses.length, ...meanAtAllTimes(lossSum, losses.length, terms.delta) },
    }),
    corrected: said.filter(([call]) => places.has(call)).length,
    foundWrong: said.filter(([call, loss]) => loss > 0 && !places.has(call)).length,
    ...(test && { allowed: test.target.risk }),
    evidence: test?.peak ?? 1,
    needed: 1 / (test?.target.delta ?? terms.delta),
    hasLeft: test !== undefined && hasLeft(test),
    ...(test && hasLeft(test) && { lately: worstEnd(losses, test.target.risk) }),
  }
}

/** The last losses, so many of them that their number times the divergence of their mean from the risk is largest. */
function worstEnd(losses: readonly number[], risk: number): { audited: number; wrong: number } {
  let [sum, wrong, most] = [0, 0, 0]
  let worst = { audited: 0, wrong: 0 }
  for (let audited = 1; audited <= losses.length; audited++) {
    const loss = losses[losses.length - audited]!
    sum += loss
    wrong += loss > 0 ? 1 : 0
    const against = sum / audited > risk ? audited * divergence(sum / audited, risk) : 0
    if (against > most) [most, worst] = [against, { audited, wrong }]
  }
  return worst
}

/** Kullback-Leibler divergence of two coins, nats. */
function divergence(share: number, risk: number): number {
  const rest = share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - risk))
  return share * Math.log(share / risk) + rest
}

/** Why a specialist is demoted, in a sentence. */
export function whyDemoted(figures: AuditFigures, terms: AuditTerms): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
  const { audited, wrong, allowed = terms.risk, evidence, needed } = figures
  const lately = figures.lately ?? { audited, wrong }
  const means = terms.wrongMeans === 'error' ? 'a usual disagreement of' : 'a risk of'
  return `${lately.wrong} of the last ${lately.audited} audited answers were contradicted (${wrong} of all ${audited}), which ${means} at most ${percent(allowed)} does not explain: the evidence is ${Math.round(Math.min(evidence, 1e9))} to 1, and ${Math.round(needed)} to 1 is believed`
}
