/**
 * The family of threshold pairs of a cascade, fixed before its calibration rows are looked at. Held-aside rows that both
 * specialists answered without having seen them say from which score on the first answers; that stays, and the
 * second's score is loosened step by step. So at each candidate a row has one answer, and more rows are answered at
 * looser ones: the cascade is tested as one specialist is (`threshold.ts`).
 */
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'
import type { HeldAside } from '../tier/tier.ts'
import { type Calibration, confidenceOf, fitCalibration, noveltyOf } from './calibration.ts'
import { type Candidate, expectedCoverage, type Plan, planRanked, type RankedRow } from './candidates.ts'

/** What the first specialist and the second said of the same row. */
export interface PairedRow {
  readonly first: HeldAside
  readonly second: HeldAside
  /** Rows of one group may err together. */
  readonly group?: string
}

/** What is known of a specialist's scores: its calibration, and from which novelty an input is none of its own. */
export interface StageScale {
  readonly calibration: Calibration
  readonly noveltyLimit: number
}

export interface CascadePlanOptions extends Plan {
  readonly promise?: 'parts'
  readonly first: StageScale
  readonly second: StageScale
}

export interface CascadePlan {
  /** Raw score from which the first specialist answers; absent: it never does. */
  readonly opening?: number
  /** Raw scores of the second, strict to loose; {@link onlyFirst}: it answers nothing. */
  readonly candidates: readonly Candidate[]
  /** 0..1, share of the held-aside rows that all of this should let answer. */
  readonly expectedCoverage: number
}

/** Ranks above every raw score: what the first specialist answers is answered at all candidates. */
export const onlyFirst = 2

/** Openings that are compared: at every so many percent of the rows. */
const percentStep = 4
/** Of openings that should let about as many rows answer, give or take this share, the one where the first answers most. */
const nearBest = 0.005
/**
 * The share of the risk that the first may use for what it answers: all candidates hold these answers, so where they
 * are worse than they looked none passes.
 */
const firstShare = 0.5

/** Chooses the opening of the first specialist, and plans the candidates of the second. */
export function planCascade(rows: readonly PairedRow[], options: CascadePlanOptions): CascadePlan {
  if (rows.length === 0) return { candidates: [], expectedCoverage: 0 }
  const firsts = fitCalibration(
    rows.map(({ first }) => first),
    [],
  )
  const coverageOf = expectedCoverage(options)
  const openings = openingsOf(rows).flatMap((opening) => {
    const ranked = rankedAt(rows, { ...options, opening, firsts })
    if (firstLoss(ranked) > firstShare * options.target.risk) return []
    return [{ opening, ranked, coverage: coverageOf(ranked) }]
  })
  const best = Math.max(...openings.map(({ coverage }) => coverage))
  const chosen = openings.findLast(({ coverage }) => coverage >= best - nearBest)!
  return {
    ...(chosen.opening !== undefined && { opening: chosen.opening }),
    candidates: planRanked(chosen.ranked, options),
    expectedCoverage: chosen.coverage,
  }
}

/** From "never" to "always". */
function openingsOf(rows: readonly PairedRow[]): readonly (number | undefined)[] {
  const scores = ascendingCopy(rows.map(({ first }) => first.score))
  const openings = new Set<number>()
  for (let percent = percentStep; percent <= 100; percent += percentStep)
    openings.add(upperQuantileOfSorted(scores, 1 - percent / 100))
  return [undefined, ...openings]
}

/** True where the first specialist answers a row itself. */
export function firstAnswers(
  { score, noveltyScore }: Pick<HeldAside, 'score' | 'noveltyScore'>,
  { opening, first }: { readonly opening?: number | undefined; readonly first: StageScale },
): boolean {
  // Compared as they are served, by confidences.
  const sure = (at: number): number => confidenceOf(first.calibration, at)
  const isSure = opening !== undefined && sure(score) >= sure(opening)
  return isSure && noveltyOf(first.calibration, noveltyScore) <= first.noveltyLimit
}

interface Opened extends CascadePlanOptions {
  readonly opening: number | undefined
  /** Smooths the first specialist's errors. */
  readonly firsts: Calibration
}

/** The rows in the order in which candidates answer them; novel ones last, as no candidate does. */
function rankedAt(rows: readonly PairedRow[], options: Opened): readonly RankedRow[] {
  const block: RankedRow[] = []
  const rest: HeldAside[] = []
  for (const { first, second } of rows) {
    if (firstAnswers(first, options)) {
      const expectedLoss = expected(first, options.promise, options.firsts)
      block.push({ score: onlyFirst, expectedLoss })
    } else rest.push(second)
  }
  const seconds = fitCalibration(rest, [])
  const { calibration, noveltyLimit } = options.second
  const later = rest.map((row) => ({
    score: noveltyOf(calibration, row.noveltyScore) <= noveltyLimit ? row.score : 0,
    expectedLoss: expected(row, options.promise, seconds),
  }))
  return [
    ...block.sort((a, b) => a.expectedLoss - b.expectedLoss),
    ...later.sort((a, b) => b.score - a.score),
  ]
}

/** Mean expected loss of what the first specialist answers; 0 where that is nothing. */
function firstLoss(ranked: readonly RankedRow[]): number {
  const own = ranked.filter(({ score }) => score === onlyFirst)
  return own.reduce((sum, { expectedLoss }) => sum + expectedLoss, 0) / Math.max(1, own.length)
}

function expected(
  { score, correct, loss }: HeldAside,
  promise: 'parts' | undefined,
  smooth: Calibration,
): number {
  return promise === 'parts' ? (loss ?? (correct ? 0 : 1)) : 1 - confidenceOf(smooth, score)
}
