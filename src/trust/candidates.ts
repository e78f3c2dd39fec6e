/**
 * Which scores will be tried as thresholds, in which order, and what part of delta each begins with.
 * All of it follows from held-aside rows, the target and the number of calibration rows: never from what the
 * calibration rows hold, so whatever is chosen here costs coverage when it is poor, not validity.
 */
import { binomialCdf, errorlessRows, mostErrors } from '../stats/binomial.ts'
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'
import type { RiskTarget } from '../task/types.ts'
import type { HeldAside } from '../tier/tier.ts'
import { confidenceOf, fitCalibration } from './calibration.ts'

/** A score to try. */
export interface Candidate {
  readonly score: number
  /** The part of delta that the candidate has of its own, 0..1; all parts sum to 1. */
  readonly share: number
}

/** Candidates lie at every percent of the held-aside rows, from the strict start to all. */
const percents = 100
/** The strict start answers at least this share of the calls: fewer rows certify nothing. */
const strictShare = 0.3
/** Its part of delta: what is paid so that a start that held-aside rows made look good is not the only one. */
const strictPart = 0.2
/** Standard deviations by which the rows above the strict start should exceed the errorless minimum. */
const strictMargin = 1.5
/** The likely start lies amid the coverages whose chance to pass is at most this far from the best. */
const plateau = 0.05
/** Errors that held-aside rows may have hidden, as a share of the risk. */
const hiddenErrors = 0.1

/** The strict start is left out, and nothing paid for it, where its chance to pass with its part is below this. */
const strictChance = 0.3

/**
 * Candidates from strict to loose with up to two starts: a strict one, and one where held-aside rows say that the
 * test passes most surely. Chosen among some 150 rules by simulation on held-out rows of five text sets (docs/log.md).
 */
export function planCandidates(
  heldAside: readonly HeldAside[],
  options: Plan & { readonly promise?: 'parts' },
): readonly Candidate[] {
  return planRanked(rankedByScore(heldAside, options), options)
}

/** A row whose answer is expected to lose so much, 0..1. */
export interface RankedRow {
  readonly score: number
  readonly expectedLoss: number
}

/** The same from rows that are ranked already, the strictest first. */
export function planRanked(ranked: readonly RankedRow[], options: Plan): readonly Candidate[] {
  if (ranked.length === 0) return []
  const parts = partsByPercent(errorRates(ranked, options.target), options)
  const scores = ascendingCopy(ranked.map((row) => row.score))
  const shares = new Map<number, number>()
  for (let percent = Math.min(...parts.keys()); percent <= percents; percent++) {
    // Ties put several percents on one score, which then has all their parts; the last is every call.
    const score = percent === percents ? 0 : upperQuantileOfSorted(scores, 1 - percent / percents)
    shares.set(score, (shares.get(score) ?? 0) + (parts.get(percent) ?? 0))
  }
  return [...shares].map(([score, share]) => ({ score, share }))
}

/** What candidates are planned for. */
export interface Plan {
  readonly target: RiskTarget
  readonly calibrationRows: number
}

/**
 * Says what share of the calls, 0..1, rows ranked so should come to answer: of all thresholds the best, each counted
 * with its chance to pass.
 */
export function expectedCoverage(plan: Plan): (ranked: readonly RankedRow[]) => number {
  const { target, calibrationRows } = plan
  const level = (1 - strictPart) * target.delta
  const thresholds = Array.from({ length: percents }, (_, at) => {
    const answered = Math.round(((at + 1) / percents) * calibrationRows)
    return { answered, allowed: mostErrors(answered, target.risk, level) }
  })
  return (ranked) => {
    if (ranked.length === 0) return 0
    const errors = errorRates(ranked, target)
    return thresholds.reduce((best, { answered, allowed }, at) => {
      const share = (at + 1) / percents
      return allowed === undefined || share <= best
        ? best
        : Math.max(best, share * binomialCdf(allowed, answered, errors[at]!))
    }, 0)
  }
}

/** The percents at which testing starts, each with its part of delta. */
function partsByPercent(errors: readonly number[], plan: Plan): ReadonlyMap<number, number> {
  const strict = strictStart(plan)
  const strictPasses = chanceToPass(strict, errors, plan, strictPart)
  const second = Math.max(strict, likelyStart(errors, plan, 1 - strictPart))
  if (strictPasses >= strictChance && second > strict) {
    return new Map([
      [strict, strictPart],
      [second, 1 - strictPart],
    ])
  }
  return new Map([[Math.max(strict, likelyStart(errors, plan, 1)), 1]])
}

/** The percent from which enough rows are answered that an errorless specialist would pass with all of delta. */
function strictStart({ target, calibrationRows }: Plan): number {
  const needed = errorlessRows(target.risk, target.delta)
  const rowsAt = (percent: number): number => {
    const share = percent / percents
    const deviation = Math.sqrt(calibrationRows * share * (1 - share))
    return calibrationRows * share - strictMargin * deviation
  }
  let percent = Math.round(strictShare * percents)
  while (percent < percents && rowsAt(percent) < needed) percent++
  return percent
}

/** The percent amid those that pass most surely with a part of delta. */
function likelyStart(errors: readonly number[], plan: Plan, part: number): number {
  const chances = errors.map((_, at) => chanceToPass(at + 1, errors, plan, part))
  const best = Math.max(...chances)
  const nearBest = (chance: number): boolean => chance >= best - plateau
  return 1 + Math.round((chances.findIndex(nearBest) + chances.findLastIndex(nearBest)) / 2)
}

/** Chance that the calibration rows above a percent pass with a part of delta, were the error rates the true ones. */
function chanceToPass(percent: number, errors: readonly number[], plan: Plan, part: number): number {
  const answered = Math.round((percent / percents) * plan.calibrationRows)
  const allowed = mostErrors(answered, plan.target.risk, part * plan.target.delta)
  return allowed === undefined ? 0 : binomialCdf(allowed, answered, errors[percent - 1]!)
}

/** Rows by falling score; losses are smoothed by a calibration fitted on these rows, those of parts are as they were seen. */
export function rankedByScore(
  heldAside: readonly HeldAside[],
  { promise }: { readonly promise?: 'parts' },
): readonly RankedRow[] {
  const sorted = [...heldAside].sort((a, b) => b.score - a.score)
  const smooth = fitCalibration(sorted, [])
  return sorted.map(({ score, correct, loss }) => ({
    score,
    expectedLoss: promise === 'parts' ? (loss ?? (correct ? 0 : 1)) : 1 - confidenceOf(smooth, score),
  }))
}

/** Error rate above each percent, 1 to 100, with what held-aside rows may have hidden. */
function errorRates(ranked: readonly RankedRow[], { risk }: RiskTarget): readonly number[] {
  const rates: number[] = []
  let errors = 0
  let rows = 0
  for (let percent = 1; percent <= percents; percent++) {
    for (const end = Math.max(1, Math.round((percent / percents) * ranked.length)); rows < end; rows++) {
      errors += ranked[rows]!.expectedLoss
    }
    rates.push(Math.min(1, errors / rows + hiddenErrors * risk))
  }
  return rates
}
