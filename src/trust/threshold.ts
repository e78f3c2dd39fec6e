/**
 * Which score may be answered from: fixed-sequence testing of candidate scores with exact binomial bounds
 * (Learn-then-Test: Angelopoulos, Bates, Candès, Jordan and Lei, 2021).
 *
 * Why it is valid. The candidates s_1 > s_2 > … and their order come from held-aside rows, which are independent
 * of the calibration rows. For a fixed s, given that n calibration rows are answered at s, their errors are
 * binomial with n and R(s), the risk among answered calls; so where R(s) > risk, "errors <= mostErrors(n)" has
 * probability at most delta. The testing goes on only while candidates pass: to certify any s with R(s) > risk it
 * must certify the first such one in the order, which is one fixed candidate, and happens with probability at most
 * delta. Nothing is assumed of the scores, of their calibration, or of R falling with s.
 */
import { clopperPearsonUpper, mostErrors } from '../stats/binomial.ts'
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'
import type { RiskTarget } from '../task/types.ts'
import type { HeldAside } from '../tier/tier.ts'

/** A row as the certificate sees it: novel rows are never answered. */
export interface CandidateRow {
  readonly score: number
  readonly correct: boolean
  readonly novel: boolean
}

/** What happens on some rows when those at or above a score, and not novel, are answered. */
export interface AnsweredRows {
  readonly rows: number
  readonly n: number
  readonly errors: number
  readonly coverage: number
}

/** A candidate that was tested, with what was seen on the calibration rows. */
export interface TestedCandidate extends AnsweredRows {
  readonly score: number
  /** Exact upper bound of the risk at level delta. */
  readonly bound: number
  readonly passed: boolean
}

/** Share of held-aside rows above the first candidate, and by how much each further one loosens. */
const firstShare = 0.3
const stepShare = 0.02

/** Candidate scores in the order of testing, from strict to loose; they depend on the held-aside rows alone. */
export function candidateScores(heldAside: readonly Pick<HeldAside, 'score'>[]): readonly number[] {
  if (heldAside.length === 0) return []
  const scores = ascendingCopy(heldAside.map((row) => row.score))
  const candidates: number[] = []
  for (let share = firstShare; share < 1 + stepShare / 2; share += stepShare) {
    candidates.push(upperQuantileOfSorted(scores, Math.max(0, 1 - share)))
  }
  return [...new Set(candidates)]
}

/** Tests the candidates in their order until one fails; the last that passed is the threshold. */
export function testCandidates(
  candidates: readonly number[],
  rows: readonly CandidateRow[],
  target: RiskTarget,
): readonly TestedCandidate[] {
  const tested: TestedCandidate[] = []
  for (const score of candidates) {
    const answered = answeredAt(rows, score)
    const allowed = mostErrors(answered.n, target.risk, target.delta)
    const passed = allowed !== undefined && answered.errors <= allowed
    const bound = clopperPearsonUpper(answered.errors, answered.n, target.delta)
    tested.push({ score, ...answered, bound, passed })
    if (!passed) break
  }
  return tested
}

/** Counts the rows that are answered at a score. */
export function answeredAt(rows: readonly CandidateRow[], score: number): AnsweredRows {
  let n = 0
  let errors = 0
  for (const row of rows) {
    if (row.novel || row.score < score) continue
    n++
    if (!row.correct) errors++
  }
  return { rows: rows.length, n, errors, coverage: rows.length === 0 ? 0 : n / rows.length }
}
