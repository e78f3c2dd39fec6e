/** How far confidences can be read as probabilities, and how well they put right answers before wrong ones. */
import { auroc } from '../stats/ranking.ts'
import { areaUnderRiskCoverage, riskCoverageCurve } from '../stats/risk-coverage.ts'

export interface ConfidenceMetrics {
  /** Expected calibration error over {@link bins} bins of equally many rows (Guo et al., 2017; equal mass). */
  readonly ece: number
  /** Mean squared difference of confidence and being right (Brier, 1950). */
  readonly brier: number
  /** Chance that a right answer has more confidence than a wrong one; absent where there is only one sort. */
  readonly auroc?: number
  /** Area under the risk–coverage curve. */
  readonly aurc: number
}

const bins = 15

/** Judges confidences by whether the answers were right; the lists go in step and are not empty. */
export function confidenceMetrics(
  confidences: readonly number[],
  correct: readonly boolean[],
): ConfidenceMetrics {
  const rows = confidences.map((confidence, row) => ({ score: confidence, correct: correct[row] === true }))
  const separated = auroc(rows.map((row) => ({ score: row.score, positive: row.correct })))
  const squares = rows.reduce((sum, row) => sum + (row.score - Number(row.correct)) ** 2, 0)
  return {
    ece: expectedCalibrationError(rows),
    brier: squares / rows.length,
    ...(separated === undefined ? {} : { auroc: separated }),
    aurc: areaUnderRiskCoverage(riskCoverageCurve(rows)),
  }
}

function expectedCalibrationError(
  rows: readonly { readonly score: number; readonly correct: boolean }[],
): number {
  const sorted = [...rows].sort((a, b) => a.score - b.score)
  let error = 0
  for (let bin = 0; bin < bins; bin++) {
    const from = Math.round((bin * sorted.length) / bins)
    const to = Math.round(((bin + 1) * sorted.length) / bins)
    let gap = 0
    for (let row = from; row < to; row++) gap += sorted[row]!.score - Number(sorted[row]!.correct)
    error += Math.abs(gap) / sorted.length
  }
  return error
}
