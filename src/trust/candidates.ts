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

/**
 * Candidates from strict to loose with two starts: one strict, one where held-aside rows say that the test passes
 * most surely. Chosen among some 150 rules by simulation on ten text sets (docs/log.md).
 */
export function planCandidates(
  heldAside: readonly HeldAside[],
  options: { readonly target: RiskTarget; readonly calibrationRows: number },
): readonly Candidate[] {
  if (heldAside.length === 0) return []
  const strict = strictStart(options.target, options.calibrationRows)
  const likely = Math.max(strict, likelyStart(heldAside, options.target, options.calibrationRows))
  const scores = ascendingCopy(heldAside.map((row) => row.score))
  const parts = new Map<number, number>()
  for (let percent = strict; percent <= percents; percent++) {
    // Ties put several percents on one score, which then has all their parts.
    const score = upperQuantileOfSorted(scores, Math.max(0, 1 - percent / percents))
    const part = strict === likely ? 1 : percent === strict ? strictPart : 1 - strictPart
    parts.set(score, (parts.get(score) ?? 0) + (percent === strict || percent === likely ? part : 0))
  }
  return [...parts].map(([score, share]) => ({ score, share }))
}

/** The percent from which enough rows are answered that an errorless specialist would pass. */
function strictStart(target: RiskTarget, calibrationRows: number): number {
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

/** The percent amid those that pass most surely, if the held-aside rows' smoothed error rates are the true ones. */
function likelyStart(heldAside: readonly HeldAside[], target: RiskTarget, calibrationRows: number): number {
  const sorted = [...heldAside].sort((a, b) => b.score - a.score)
  const smooth = fitCalibration(sorted, [])
  const chances: number[] = []
  let errors = 0
  let rows = 0
  for (let percent = 1; percent <= percents; percent++) {
    for (const end = Math.max(1, Math.round((percent / percents) * sorted.length)); rows < end; rows++) {
      errors += 1 - confidenceOf(smooth, sorted[rows]!.score)
    }
    const errorRate = Math.min(1, errors / rows + hiddenErrors * target.risk)
    chances.push(chanceToPass(Math.round((percent / percents) * calibrationRows), errorRate, target))
  }
  const best = Math.max(...chances)
  const nearBest = (chance: number): boolean => chance >= best - plateau
  return 1 + Math.round((chances.findIndex(nearBest) + chances.findLastIndex(nearBest)) / 2)
}

function chanceToPass(answered: number, errorRate: number, target: RiskTarget): number {
  const allowed = mostErrors(answered, target.risk, target.delta)
  return allowed === undefined ? 0 : binomialCdf(allowed, answered, errorRate)
}
