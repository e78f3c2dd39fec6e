/** Whether audits find what has got worse, and leave alone what has not: streams of real answers of a certified specialist. */
import { seededRandom } from '../src/base/random.ts'
import { ascendingCopy, quantileOfSorted } from '../src/stats/quantile.ts'
import { isWithin, simulatedShare } from '../src/stats/simulation.ts'
import { type AuditPool, auditPool } from './audit-pool.ts'
import {
  alarmAt,
  auditedOutcomes,
  callsToDemotion,
  flippedSource,
  hardSource,
  knowingWatch,
  type Source,
  trueRisk,
  usualSource,
  type WatchName,
  watches,
} from './audit-streams.ts'
import type { Bench, Figure } from './harness.ts'

const target = { risk: 0.05, delta: 0.05 } as const
const models = 3
const labels = 6
const quiet = { streams: 200, audits: 5000 } as const
const changed = { streams: 60, changeAt: 2500, within: 1000 } as const
const borderline = { streams: 2000, audits: 5000 } as const
const inCalls = { streams: 30, changeAt: 30_000, limit: 300_000, usual: 0.01 } as const
const names: readonly WatchName[] = ['shoal', 'window', 'cusum']

type ByWatch<T> = { readonly [Name in WatchName]: T }

function byWatch<T>(of: (name: WatchName) => T): ByWatch<T> {
  return { shoal: of('shoal'), window: of('window'), cusum: of('cusum') }
}

/** Shares of quiet streams that are said to have got worse. */
function quietStreams(pools: readonly AuditPool[], seed: number) {
  const alarms = { shoal: 0, window: 0, cusum: 0 }
  for (let stream = 0; stream < quiet.streams; stream++) {
    const pool = pools[stream % pools.length]!
    const before = usualSource(pool)
    const random = seededRandom(seed).fork(`quiet ${stream}`)
    const plan = { before, after: before, changeAt: 0, audits: quiet.audits }
    const outcomes = [...auditedOutcomes(plan, random, labels)]
    for (const name of names)
      if (alarmAt(watches[name](target.risk, target.delta), outcomes) !== undefined) alarms[name]++
  }
  return byWatch((name) => alarms[name] / quiet.streams)
}

/** The same where the risk is r to the letter: the hardest streams that must be left alone. */
function borderlineStreams(seed: number): ByWatch<number> {
  const alarms = { shoal: 0, window: 0, cusum: 0 }
  for (let stream = 0; stream < borderline.streams; stream++) {
    const random = seededRandom(seed).fork(`borderline ${stream}`)
    const outcomes = Array.from({ length: borderline.audits }, () => (random.next() < target.risk ? 1 : 0))
    for (const name of names)
      if (alarmAt(watches[name](target.risk, target.delta), outcomes) !== undefined) alarms[name]++
  }
  return byWatch((name) => alarms[name] / borderline.streams)
}

interface ChangeResult {
  readonly change: string
  readonly seed: number
  readonly trueRisk: number
  readonly isHarmful: boolean
  /** Of the streams that were not stopped before the change: audits from it to the alarm. */
  readonly delays: ByWatch<readonly number[]>
  readonly stoppedBefore: ByWatch<number>
  /** Delays of a test that knows what is coming. */
  readonly knowing: readonly number[]
}

function changedStreams(pool: AuditPool, after: Source, seed: number): ChangeResult {
  const delays = { shoal: [] as number[], window: [] as number[], cusum: [] as number[] }
  const stoppedBefore = { shoal: 0, window: 0, cusum: 0 }
  const risk = trueRisk(after, labels)
  const knowing: number[] = []
  for (let stream = 0; stream < changed.streams; stream++) {
    const random = seededRandom(seed).fork(`${after.name} ${pool.seed} ${stream}`)
    const { changeAt, within } = changed
    const plan = { before: usualSource(pool), after, changeAt, audits: changeAt + within }
    const outcomes = [...auditedOutcomes(plan, random, labels)]
    const knows = knowingWatch(risk, { ...target, changeAt })
    knowing.push((alarmAt(knows, outcomes) ?? Number.POSITIVE_INFINITY) - changeAt)
    for (const name of names) {
      const at = alarmAt(watches[name](target.risk, target.delta), outcomes)
      if (at !== undefined && at <= changeAt) stoppedBefore[name]++
      else delays[name].push(at === undefined ? Number.POSITIVE_INFINITY : at - changeAt)
    }
  }
  return {
    change: after.name,
    seed: pool.seed,
    trueRisk: risk,
    isHarmful: risk > target.risk,
    delays,
    stoppedBefore,
    knowing,
  }
}

/** Median calls from a change to the demotion at 1%, with and without drift's raised rate. */
function delayInCalls(pool: AuditPool, seed: number) {
  const after = hardSource(pool, 1)
  const median = (watchesDrift: boolean): number => {
    const calls = Array.from(
      { length: inCalls.streams },
      (_, stream) =>
        callsToDemotion(pool, { ...inCalls, after, watchesDrift }, seed + stream) ?? Number.POSITIVE_INFINITY,
    )
    return medianOf(calls)
  }
  return { withDrift: median(true), without: median(false) }
}

function medianOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : quantileOfSorted(ascendingCopy(values), 0.5)
}

export const bench: Bench = {
  name: 'audits',
  title:
    'dair_emotion, nano, certified at r 0.05, δ 0.05: streams of audited local answers from unseen rows; a change is harmful where the exact risk after it exceeds r.',
  async run({ seed }) {
    const all: AuditPool[] = []
    for (let model = seed; model < seed + models; model++) all.push(await auditPool(target, model))
    const pools = all.filter((pool) => trueRisk(usualSource(pool), labels) <= target.risk)
    const changes = pools.flatMap((pool) =>
      [1, 0.7, 0.5]
        .map((share) => hardSource(pool, share))
        .concat(flippedSource(pool, 0.1))
        .map((after) => changedStreams(pool, after, seed)),
    )
    const results = {
      pools: all.map((pool) => ({
        seed: pool.seed,
        rows: pool.rows.length,
        coverage: pool.rows.filter((row) => row.isLocal).length / pool.rows.length,
        trueRisk: trueRisk(usualSource(pool), labels),
      })),
      quiet: quietStreams(pools, seed),
      borderline: borderlineStreams(seed),
      changes: changes.map(({ delays, knowing, ...change }) => ({
        ...change,
        caughtKnowing: caughtOf(knowing),
        caught: byWatch((name) => caughtOf(delays[name])),
        medianDelay: byWatch((name) => finite(medianOf(delays[name]))),
      })),
      calls: delayInCalls(pools[0]!, seed),
    }
    const options = { target, models, quiet, changed, borderline, inCalls }
    return { seed, options, data: { ...all[0]!.digests }, figures: figuresOf(results, changes), results }
  },
}

/** `null` where most were not caught. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function caughtOf(delays: readonly number[]): number {
  return delays.filter((delay) => delay <= changed.within).length / Math.max(1, delays.length)
}

interface Results {
  readonly pools: readonly { readonly trueRisk: number }[]
  readonly quiet: ByWatch<number>
  readonly borderline: ByWatch<number>
  readonly calls: { readonly withDrift: number; readonly without: number }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`
const peers = (of: ByWatch<number>): string =>
  `binomial test of the last 500, every 100: ${percent(of.window)}; CUSUM: ${percent(of.cusum)}`

function figuresOf(results: Results, changes: readonly ChangeResult[]): readonly Figure[] {
  const risks = results.pools.map((pool) => percent(pool.trueRisk)).join(', ')
  const kinds = [...new Set(changes.map(({ change }) => change))]
  return [
    ...kinds.map((kind) =>
      changeFigure(
        kind,
        changes.filter(({ change }) => change === kind),
      ),
    ),
    {
      what: `quiet streams demoted within ${quiet.audits} audits (${quiet.streams} streams; true risks ${risks})`,
      measured: percent(results.quiet.shoal),
      target: 'at most 5.0%',
      met: results.quiet.shoal <= target.delta,
      peer: peers(results.quiet),
    },
    {
      what: `streams of a risk of exactly r demoted within ${borderline.audits} audits (${borderline.streams} streams)`,
      measured: percent(results.borderline.shoal),
      target: 'at most 5.0%, give or take two standard errors',
      met: isWithin(
        simulatedShare(results.borderline.shoal * borderline.streams, borderline.streams, target.delta),
        target.delta,
      ),
      peer: peers(results.borderline),
    },
    {
      what: 'calls from a move of all calls to the two hardest labels to the demotion, median, 1% audited',
      measured: `${results.calls.withDrift}`,
      target: 'fewer than without the watch on drift',
      met: results.calls.withDrift < results.calls.without,
      peer: `without the watch on drift: ${results.calls.without}`,
    },
  ]
}

function changeFigure(kind: string, changes: readonly ChangeResult[]): Figure {
  const harmful = changes.filter((change) => change.isHarmful)
  const all = byWatch((name) => harmful.flatMap((change) => change.delays[name]))
  const caught = byWatch((name) => caughtOf(all[name]))
  const risks = changes.map((change) => percent(change.trueRisk)).join(', ')
  return {
    what: `${kind} from audit ${changed.changeAt} on (true risks ${risks}): caught within ${changed.within} audits, of ${all.shoal.length} streams`,
    measured: `${percent(caught.shoal)}; median delay ${medianOf(all.shoal)} audits`,
    target: 'at least 95%',
    met: caught.shoal >= 0.95,
    peer: `a test that knows the change beforehand: ${percent(caughtOf(harmful.flatMap((change) => change.knowing)))}; ${peers(caught)}`,
  }
}
