/** Why nothing may be answered locally, and how many more examples would change that. */
import { clopperPearsonUpper, errorlessRows, mostErrors } from '../stats/binomial.ts'
import type { RiskTarget } from '../task/types.ts'
import { examplesFor, mostCalibrationRows } from './calibration-size.ts'
import { type AnsweredRows, answeredAt, type CandidateRow } from './threshold.ts'

export interface RefusalInput {
  readonly rows: readonly CandidateRow[]
  /** Candidate scores, in the scale of the rows' scores. */
  readonly candidates: readonly number[]
  readonly target: RiskTarget
  /** All rows there are: training, calibration and test. */
  readonly allRows: number
}

/** What a candidate showed, and how many calibration rows would pass it if its error rate stays as it looks. */
interface Prospect extends AnsweredRows {
  readonly neededRows: number
}

/** The sentences for a certificate without a threshold. */
export function refusalOf(input: RefusalInput): string {
  const { target, rows, allRows } = input
  const goal = `at most ${percent(target.risk)} wrong with confidence ${percent(1 - target.delta)}`
  const nearest = nearestProspect(input)
  if (nearest === undefined) {
    const needed = Math.ceil(errorlessRows(target.risk, target.delta) * 1.25)
    return `Nothing is answered locally: there were no calibration rows to show ${goal}. ${moreExamples(needed, target, allRows)}`
  }
  const bound = clopperPearsonUpper(nearest.errors, nearest.n, target.delta)
  const seen =
    `Nothing is answered locally: no threshold showed ${goal} on ${rows.length} calibration rows. ` +
    `The nearest would answer ${percent(nearest.coverage)} of the calls and was wrong in ${nearest.errors} of ${nearest.n}, ` +
    `which shows only that at most ${percent(bound)} are wrong.`
  if (nearest.neededRows <= mostCalibrationRows(target)) {
    return `${seen} If that rate holds, ${lowerFirst(moreExamples(nearest.neededRows, target, allRows))}`
  }
  const half = rowsNeeded(target.risk / 2, nearest.coverage, target)
  return (
    `${seen} More calibration rows alone would not change that: the specialist must become more accurate. ` +
    `Were it wrong in ${percent(target.risk / 2)} of these, ${lowerFirst(moreExamples(half, target, allRows))}`
  )
}

/** The candidate that would pass with the fewest calibration rows; undefined where none answers a single row. */
function nearestProspect(input: RefusalInput): Prospect | undefined {
  const { target } = input
  const prospects = input.candidates
    .map((score) => answeredAt(input.rows, score))
    .filter((answered) => answered.n > 0)
    // Half an error more than were seen: an errorless handful is no rate of 0.
    .map((answered) => ({
      ...answered,
      neededRows: rowsNeeded((answered.errors + 0.5) / (answered.n + 1), answered.coverage, target),
    }))
  return prospects.sort(
    (a, b) => a.neededRows - b.neededRows || a.errors / a.n - b.errors / b.n || b.n - a.n,
  )[0]
}

/** Calibration rows with which an error rate among the answered would pass at this coverage; Infinity where none would do. */
function rowsNeeded(errorRate: number, coverage: number, target: RiskTarget): number {
  if (errorRate >= target.risk) return Number.POSITIVE_INFINITY
  const passes = (n: number): boolean => {
    const allowed = mostErrors(n, target.risk, target.delta)
    return allowed !== undefined && allowed >= Math.round(errorRate * n)
  }
  let enough = errorlessRows(target.risk, target.delta)
  let tooFew = 0
  while (!passes(enough)) {
    tooFew = enough
    enough *= 2
    if (enough > 1e7) return Number.POSITIVE_INFINITY
  }
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (passes(middle)) enough = middle
    else tooFew = middle
  }
  return Math.ceil(enough / coverage)
}

function moreExamples(calibrationRows: number, target: RiskTarget, allRows: number): string {
  const all = examplesFor(calibrationRows, target, { hasTestFile: false })
  // With as many rows as there are, only a larger share of them for calibration would do.
  const more = Math.max(all - allRows, 1)
  return `About ${more.toLocaleString('en')} more examples would be needed (${Math.max(all, allRows + 1).toLocaleString('en')} in all, of which ${calibrationRows.toLocaleString('en')} are kept for calibration).`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`
}

function lowerFirst(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
