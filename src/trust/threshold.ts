/**
 * The threshold: candidate scores are tested from strict to loose with exact binomial bounds, as in Learn-then-Test
 * (Angelopoulos, Bates, Candès, Jordan and Lei, 2021), and the loosest that passes wins. The order is the fallback
 * procedure (Wiens and Dmitrienko, 2005): a candidate is tested at its own part of delta and what the one before it,
 * having passed, hands on; with all of delta on the first it is fixed-sequence testing.
 *
 * Why a threshold whose true risk is above the target comes out with probability at most delta. Candidates and parts
 * are fixed before the calibration rows are looked at. (1) For a fixed score s, the n calibration rows answered at s
 * are independent draws of answered calls, so their errors are binomial with the true risk R(s); where R(s) > risk,
 * "at most mostErrors(n, risk, level) errors" has probability at most `level`, for any n. (2) Call candidates with
 * R(s) > risk bad. Until a bad one passes, every bad one before candidate j failed and handed on nothing, so j is
 * tested at no more than A_j, the sum of the parts after the last bad candidate before j, up to and with j. These
 * A_j are fixed numbers, and as the sums share no part they add up to at most delta. So the chance that any bad
 * candidate passes first is at most the sum of A_j over the bad ones, at most delta. Nothing is assumed of the
 * scores, of their calibration, or of R falling as s rises.
 *
 * Where the promise is about the parts of an answer, R(s) is the mean share of wrong parts in the answered calls, which
 * lies in 0..1 but is not 0 or 1, and the test of (1) is one by betting (`stats/betting.ts`); (2) stays as it is.
 *
 * Where rows come in groups (`grouped-losses.ts`) those of one may err together: then the groups are the draws, and the
 * test is one by betting on them.
 */
import { bettingUpper, leastRejected, rejectsMean, type SeenValues } from '../stats/betting.ts'
import { clopperPearsonUpper, mostErrors } from '../stats/binomial.ts'
import type { RiskTarget } from '../task/types.ts'
import type { Candidate } from './candidates.ts'
import { type Groups, groupsOf, lossesByGroup } from './grouped-losses.ts'

/** A row as the certificate sees it: novel rows are never answered. */
export interface CandidateRow {
  readonly score: number
  readonly correct: boolean
  readonly novel: boolean
  /** 0..1, share of the answer's parts that are wrong; absent: 0 where correct, else 1. */
  readonly loss?: number
  /** Rows of one group may err together; absent: the row is its own. */
  readonly group?: string
}

/** What the promise is about: whole answers where absent. */
export interface PromiseOptions {
  readonly promise?: 'parts'
}

/** What happens on some rows when those at or above a score, and not novel, are answered. */
export interface AnsweredRows {
  readonly rows: number
  readonly n: number
  readonly errors: number
  readonly coverage: number
  /** Mean share of wrong parts in the answered rows, where the promise is about parts. */
  readonly meanLoss?: number
}

/** A candidate that was tested, with what was seen on the calibration rows. */
export interface TestedCandidate extends AnsweredRows {
  readonly score: number
  /** Exact upper bound of the risk at level delta. */
  readonly bound: number
}

/** The loosest candidate that passes on the calibration rows, if any does. */
export function loosestPassing(
  candidates: readonly Candidate[],
  rows: readonly CandidateRow[],
  target: RiskTarget,
  { promise }: PromiseOptions = {},
): TestedCandidate | undefined {
  const groups = groupsOf(rows)
  let passed: (AnsweredRows & { readonly score: number }) | undefined
  let handedOn = 0
  for (const { score, share } of candidates) {
    const level = Math.min(1, handedOn + share)
    if (level === 0) continue
    const answered = answeredAt(rows, score, { ...(promise && { promise }) })
    const passes =
      promise === 'parts' || groups
        ? rejectsMean(drawsAt(rows, { score, groups, mean: target.risk }), target.risk, level * target.delta)
        : passesWhole(answered, target, level)
    if (passes) passed = { score, ...answered }
    handedOn = passes ? level : 0
  }
  return (
    passed && {
      ...passed,
      bound: riskBound(rows, passed, { delta: target.delta, ...(promise && { promise }) }),
    }
  )
}

function passesWhole({ n, errors }: AnsweredRows, target: RiskTarget, level: number): boolean {
  const allowed = mostErrors(n, target.risk, level * target.delta)
  return allowed !== undefined && errors <= allowed
}

/** Upper bound, at level delta, of the risk of the rows that are answered at a score: exact for whole answers of rows without groups. */
export function riskBound(
  rows: readonly CandidateRow[],
  { score, n, errors }: Pick<AnsweredRows, 'n' | 'errors'> & { readonly score: number },
  { promise, delta }: PromiseOptions & { readonly delta: number },
): number {
  const groups = groupsOf(rows)
  if (groups) return leastRejected((mean) => rejectsMean(drawsAt(rows, { score, groups, mean }), mean, delta))
  return promise === 'parts'
    ? bettingUpper(lossesAt(rows, score), delta)
    : clopperPearsonUpper(errors, n, delta)
}

function isAnswered(row: CandidateRow, score: number): boolean {
  return !row.novel && row.score >= score
}

function lossOf({ loss, correct }: CandidateRow): number {
  return loss ?? (correct ? 0 : 1)
}

/** The independent draws whose mean is at least `mean` where the risk is: losses of rows, or of groups. */
function drawsAt(
  rows: readonly CandidateRow[],
  {
    score,
    groups,
    mean,
  }: { readonly score: number; readonly groups: Groups | undefined; readonly mean: number },
): SeenValues {
  if (!groups) return lossesAt(rows, score)
  return lossesByGroup(groups, mean, (row) =>
    isAnswered(rows[row]!, score) ? lossOf(rows[row]!) : undefined,
  )
}

function lossesAt(rows: readonly CandidateRow[], score: number): SeenValues {
  const values = new Float64Array(rows.length)
  let count = 0
  for (const row of rows) if (isAnswered(row, score)) values[count++] = lossOf(row)
  return { values, count }
}

/** Counts the rows that are answered at a score. */
export function answeredAt(
  rows: readonly CandidateRow[],
  score: number,
  { promise }: PromiseOptions = {},
): AnsweredRows {
  let n = 0
  let errors = 0
  let loss = 0
  for (const row of rows) {
    if (!isAnswered(row, score)) continue
    n++
    loss += lossOf(row)
    if (!row.correct) errors++
  }
  const meanLoss = promise === 'parts' && n > 0 ? { meanLoss: loss / n } : {}
  return { rows: rows.length, n, errors, coverage: rows.length === 0 ? 0 : n / rows.length, ...meanLoss }
}
