/** Streams of audited calls drawn from a pool, with or without a change on the way, and what watches them. */
import { type Random, seededRandom } from '../src/base/random.ts'
import { binomialCdf } from '../src/stats/binomial.ts'
import { auditRate } from '../src/trust/audit-rate.ts'
import { auditRecord } from '../src/trust/audit-record.ts'
import { driftMonitor } from '../src/trust/drift.ts'
import { afterAudit, hasLeft, startRiskTest } from '../src/trust/risk-test.ts'
import type { AuditPool, PoolRow } from './audit-pool.ts'

/** Where calls come from: rows of the pool, and how often their right answer is said to be another. */
export interface Source {
  readonly name: string
  /** Rows to draw from, in groups that are drawn with these shares. */
  readonly groups: readonly { readonly share: number; readonly rows: readonly PoolRow[] }[]
  readonly flipped: number
}

/** Calls as they were in calibration. */
export function usualSource(pool: AuditPool): Source {
  return { name: 'as calibrated', groups: [{ share: 1, rows: pool.rows }], flipped: 0 }
}

/** This share of the calls is of the two labels whose local answers are wrong most often, the rest as before. */
export function hardSource(pool: AuditPool, share: number): Source {
  const labels = [...new Set(pool.rows.map((row) => row.label))]
  const riskOfLabel = (label: string): number => riskOf(pool.rows.filter((row) => row.label === label))
  const hardest = labels.sort((a, b) => riskOfLabel(b) - riskOfLabel(a)).slice(0, 2)
  const hard = pool.rows.filter((row) => hardest.includes(row.label))
  const groups = [{ share, rows: hard }, ...(share < 1 ? [{ share: 1 - share, rows: pool.rows }] : [])]
  return { name: `${Math.round(100 * share)}% of the calls of the two hardest labels`, groups, flipped: 0 }
}

/** The usual calls, of which a share has another right answer now. */
export function flippedSource(pool: AuditPool, flipped: number): Source {
  return { ...usualSource(pool), name: `${100 * flipped}% of the right answers flipped`, flipped }
}

/** The risk of local answers under a source, exactly; a flipped answer is right where it was wrong by one label in all others. */
export function trueRisk({ groups, flipped }: Source, labels: number): number {
  let [local, wrong] = [0, 0]
  for (const { share, rows } of groups) {
    const answered = rows.filter((row) => row.isLocal)
    local += (share * answered.length) / rows.length
    wrong += (share * answered.filter((row) => row.wrong).length) / rows.length
  }
  const risk = wrong / local
  return risk * (1 - flipped / (labels - 1)) + (1 - risk) * flipped
}

function riskOf(rows: readonly PoolRow[]): number {
  const local = rows.filter((row) => row.isLocal)
  return local.filter((row) => row.wrong).length / Math.max(1, local.length)
}

/** A call and whether its answer would be found wrong. */
interface Drawn {
  readonly row: PoolRow
  readonly wrong: boolean
}

function drawCall({ groups, flipped }: Source, random: Random, labels: number): Drawn {
  let left = random.next()
  const group = groups.find(({ share }) => {
    left -= share
    return left < 0
  })
  const { rows } = group ?? groups.at(-1)!
  const row = rows[random.below(rows.length)]!
  if (flipped === 0 || random.next() >= flipped) return { row, wrong: row.wrong }
  return { row, wrong: !row.wrong || random.below(labels - 1) > 0 }
}

/** Outcomes of audited calls, 1 for wrong: those of the first source, then those of the second. */
export function* auditedOutcomes(
  plan: {
    readonly before: Source
    readonly after: Source
    readonly changeAt: number
    readonly audits: number
  },
  random: Random,
  labels: number,
): Generator<number> {
  for (let audit = 0; audit < plan.audits; ) {
    const { row, wrong } = drawCall(audit < plan.changeAt ? plan.before : plan.after, random, labels)
    if (!row.isLocal) continue
    audit++
    yield wrong ? 1 : 0
  }
}

/** Takes the next outcome and says whether it alarms. */
type Watch = (outcome: number) => boolean

/** What is compared: by name, a fresh watch on a risk at level delta. */
export const watches = {
  shoal: (risk: number, delta: number): Watch => {
    let test = startRiskTest({ risk, delta })
    return (outcome) => {
      test = afterAudit(test, outcome)
      return hasLeft(test)
    }
  },
  /** After every 100 audits the exact binomial test of the last 500, at level delta. */
  window: (risk: number, delta: number): Watch => {
    const seen: number[] = []
    let count = 0
    return (outcome) => {
      seen.push(outcome)
      if (seen.length > 500) seen.shift()
      if (++count % 100 !== 0) return false
      const wrong = seen.reduce((sum, one) => sum + one, 0)
      return 1 - binomialCdf(wrong - 1, seen.length, risk) < delta
    }
  },
  /** Page's CUSUM for a doubled risk, alarming at log(1 / delta). */
  cusum: (risk: number, delta: number): Watch => {
    const gain = [Math.log((1 - 2 * risk) / (1 - risk)), Math.log(2)] as const
    let sum = 0
    return (outcome) => {
      sum = Math.max(0, sum + gain[outcome === 1 ? 1 : 0])
      return sum >= Math.log(1 / delta)
    }
  },
} as const
export type WatchName = keyof typeof watches

/** One that knows beforehand what the risk becomes, and from which audit on: nobody can be sooner at this level. */
export function knowingWatch(
  trueRisk: number,
  plan: { readonly changeAt: number; readonly risk: number; readonly delta: number },
): Watch {
  const { risk, delta, changeAt } = plan
  const gain = [Math.log((1 - trueRisk) / (1 - risk)), Math.log(trueRisk / risk)] as const
  let [sum, audits] = [0, 0]
  return (outcome) => {
    if (++audits > changeAt) sum += gain[outcome === 1 ? 1 : 0]
    return sum >= Math.log(1 / delta)
  }
}

/** The audit at which a watch alarms, `undefined` where it never does. */
export function alarmAt(watch: Watch, outcomes: Iterable<number>): number | undefined {
  let audits = 0
  for (const outcome of outcomes) {
    audits++
    if (watch(outcome)) return audits
  }
  return undefined
}

/** Calls from the change to the demotion at a usual audit rate, with or without the watch on drift; `undefined`: not within the limit. */
export function callsToDemotion(
  pool: AuditPool,
  plan: {
    readonly after: Source
    readonly changeAt: number
    readonly limit: number
    readonly usual: number
    readonly watchesDrift: boolean
  },
  seed: number,
): number | undefined {
  const random = seededRandom(seed)
  const labels = new Set(pool.rows.map((row) => row.label)).size
  const { certificate } = pool
  const record = auditRecord(certificate)
  const drift = driftMonitor(pool.typical)
  const before = usualSource(pool)
  let rate = plan.usual
  const weigh = (): boolean => {
    const figures = record.figures()
    const isDrifting = plan.watchesDrift && drift.figures().drifting.length > 0
    // As after a confirmed certificate: what is compared is drift alone.
    const confirmed = { ...certificate, test: { ...certificate.calibration } }
    rate = auditRate({
      usual: plan.usual,
      certificate: confirmed,
      ...figures,
      isDrifting,
      hasBudget: true,
    }).rate
    return figures.hasLeft
  }
  for (let call = 0; call < plan.changeAt + plan.limit; call++) {
    const { row, wrong } = drawCall(call < plan.changeAt ? before : plan.after, random, labels)
    if (drift.add(row.said)) weigh()
    if (!row.isLocal || random.next() >= rate) continue
    record.add({ call: `call_${call}` as never, source: 'audit', wrong })
    if (weigh()) return call - plan.changeAt
  }
  return undefined
}
