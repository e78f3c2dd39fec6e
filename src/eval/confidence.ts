/** How far confidences can be read as probabilities, and how well they put right answers before wrong ones. */
import { type Estimate, wilson } from '../stats/interval.ts'
import { auroc } from '../stats/ranking.ts'
import { areaUnderRiskCoverage, type RiskCoverage, riskCoverageCurve } from '../stats/risk-coverage.ts'

export interface ConfidenceMetrics {
  /** Expected calibration error over {@link bins} bins of equally many rows (Guo et al., 2017; equal mass). */
  readonly ece: number
  /** Mean squared difference of confidence and being right (Brier, 1950). */
  readonly brier: number
  /** Chance that a right answer has more confidence than a wrong one; absent where there is only one sort. */
  readonly auroc?: number
  /** Area under the risk–coverage curve. */
  readonly aurc: number
  /** The reliability diagram: bins of equally many rows, from the least to the most confident. */
  readonly reliability: readonly ReliabilityBin[]
  /** The risk–coverage curve in at most {@link curvePoints} points, from the strictest threshold to the loosest. */
  readonly riskCoverage: readonly CurvePoint[]
}

/** Rows of about the same confidence, and how many of their answers were right (DeGroot and Fienberg, 1983). */
export interface ReliabilityBin {
  readonly rows: number
  /** Mean confidence of the rows, 0..1. */
  readonly confidence: number
  readonly right: Estimate
}

/** Share answered, and share of the answered that is wrong. */
export type CurvePoint = Pick<RiskCoverage, 'coverage' | 'risk' | 'threshold'>

const bins = 15
const curvePoints = 100

/** Judges confidences by whether the answers were right; the lists go in step and are not empty. */
export function confidenceMetrics(
  confidences: readonly number[],
  correct: readonly boolean[],
): ConfidenceMetrics {
  const rows = confidences.map((confidence, row) => ({ score: confidence, correct: correct[row] === true }))
  const reliability = reliabilityBins(rows)
  const separated = auroc(rows.map((row) => ({ score: row.score, positive: row.correct })))
  const curve = riskCoverageCurve(rows)
  const squares = rows.reduce((sum, row) => sum + (row.score - Number(row.correct)) ** 2, 0)
  return {
    ece: expectedCalibrationError(reliability),
    brier: squares / rows.length,
    ...(separated === undefined ? {} : { auroc: separated }),
    aurc: areaUnderRiskCoverage(curve),
    reliability,
    riskCoverage: thinned(curve).map(({ coverage, risk, threshold }) => ({ coverage, risk, threshold })),
  }
}

function reliabilityBins(
  rows: readonly { readonly score: number; readonly correct: boolean }[],
): readonly ReliabilityBin[] {
  const sorted = [...rows].sort((a, b) => a.score - b.score)
  return Array.from({ length: bins }, (_, bin) => {
    const from = Math.round((bin * sorted.length) / bins)
    const inside = sorted.slice(from, Math.round(((bin + 1) * sorted.length) / bins))
    return {
      rows: inside.length,
      confidence: inside.reduce((sum, row) => sum + row.score, 0) / inside.length,
      right: wilson(inside.filter((row) => row.correct).length, inside.length),
    }
  }).filter((bin) => bin.rows > 0)
}

function expectedCalibrationError(reliability: readonly ReliabilityBin[]): number {
  const rows = reliability.reduce((sum, bin) => sum + bin.rows, 0)
  const gaps = reliability.map((bin) => bin.rows * Math.abs(bin.confidence - bin.right.value))
  return gaps.reduce((sum, gap) => sum + gap, 0) / rows
}

/** Every so many-th point of a curve, and always its last. */
function thinned(curve: readonly RiskCoverage[]): readonly RiskCoverage[] {
  const step = Math.max(1, Math.ceil(curve.length / curvePoints))
  return curve.filter((_, at) => (curve.length - 1 - at) % step === 0)
}
