/** The risk–coverage curve: what share of the calls could be answered at which error, and where the certificate stands on it. */
import { curveStepAfter, line } from 'd3-shape'
import type { Card } from '../card-schema.ts'
import { framedChart, ink, pixels } from './frame.ts'

/** Draws the curve on the test rows, the allowed risk, and the certificate's point; absent where the card has no curve. */
export function riskCoverageChart({ evaluation, certificate }: Card): string | undefined {
  const curve = evaluation.confidence.riskCoverage
  if (curve.length === 0) return undefined
  const last = curve.at(-1)!
  const highest = Math.max(last.risk, certificate.risk * 1.5, 0.001) * 1.15
  const isError = evaluation.wrongMeans === 'error'
  const { n, errors, coverage } = certificate.test
  const options = {
    title: 'How much could it answer, at which error?',
    description: `Risk–coverage curve on ${evaluation.rows} test rows: answering everything, ${share(last.risk)} are wrong; the certificate allows ${share(certificate.risk)} and answers ${share(coverage)}.`,
    xLabel: 'share of the calls answered',
    yLabel: isError ? 'of these wrong' : 'of these in disagreement',
    x: [0, 1],
    y: [0, highest],
  } as const
  return framedChart(options, (x, y) => {
    // Few rows at the strict end make a saw of single errors that can leave the chart.
    const inside = curve.filter((point) => point.risk <= highest)
    const path = line<(typeof curve)[number]>(
      (point) => x(point.coverage),
      (point) => y(point.risk),
    ).curve(curveStepAfter)
    return [
      `<path d="M${pixels(x(0))} ${pixels(y(certificate.risk))}H${pixels(x(1))}" stroke="${ink.mark}" stroke-dasharray="5 4"/><text x="${pixels(x(0) + 6)}" y="${pixels(y(certificate.risk) - 5)}" fill="${ink.mark}">allowed: ${share(certificate.risk)}</text>`,
      `<path d="${path.digits(1)(inside)}" fill="none" stroke="${ink.main}" stroke-width="2"/>`,
      ...(n === 0
        ? []
        : [
            `<circle cx="${pixels(x(coverage))}" cy="${pixels(y(errors / n))}" r="5" fill="${ink.mark}"/><text x="${pixels(x(coverage) - 9)}" y="${pixels(y(errors / n) - 9)}" text-anchor="end" font-weight="600">answers ${share(coverage)}</text>`,
          ]),
    ]
  })
}

function share(value: number): string {
  return `${Number((value * 100).toFixed(1))}%`
}
