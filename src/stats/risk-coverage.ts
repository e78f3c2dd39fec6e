/** Selective prediction (El-Yaniv and Wiener, JMLR 11, 2010): what share is answered at which error. */

/** What happens when only rows at or above a score are answered. */
export interface RiskCoverage {
  readonly threshold: number
  readonly n: number
  readonly errors: number
  /** n / all rows. */
  readonly coverage: number
  /** errors / n. */
  readonly risk: number
}

/** One point for every different score, from the strictest to the loosest. */
export function riskCoverageCurve(
  rows: readonly { readonly score: number; readonly correct: boolean }[],
): readonly RiskCoverage[] {
  const sorted = [...rows].sort((a, b) => b.score - a.score)
  const curve: RiskCoverage[] = []
  let errors = 0
  for (let i = 0; i < sorted.length; i++) {
    if (!sorted[i]!.correct) errors++
    if (sorted[i]!.score === sorted[i + 1]?.score) continue
    const n = i + 1
    curve.push({ threshold: sorted[i]!.score, n, errors, coverage: n / sorted.length, risk: errors / n })
  }
  return curve
}

/** The loosest threshold whose error on these very rows is at most `risk`: the best in hindsight, no promise. */
export function bestInHindsight(curve: readonly RiskCoverage[], risk: number): RiskCoverage | undefined {
  return curve.findLast((point) => point.risk <= risk)
}

/** Area under the risk–coverage curve: mean error over all coverages (Geifman and El-Yaniv, 2017); lower is better. */
export function areaUnderRiskCoverage(curve: readonly RiskCoverage[]): number {
  let area = 0
  let before = 0
  for (const point of curve) {
    area += point.risk * (point.coverage - before)
    before = point.coverage
  }
  return area
}
