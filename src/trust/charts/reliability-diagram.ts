/** The reliability diagram: how often answers of a confidence were right, with the diagonal on which confidence is honest. */
import { line } from 'd3-shape'
import type { Card } from '../card-schema.ts'
import { framedChart, ink, pixels } from './frame.ts'

/** Draws the bins as points with their 95% intervals; absent where the card has none. */
export function reliabilityDiagram({ evaluation, certificate }: Card): string | undefined {
  const bins = evaluation.confidence.reliability
  if (bins.length === 0) return undefined
  const least = Math.min(...bins.map((bin) => Math.min(bin.confidence, bin.right.low)))
  const from = Math.max(0, Math.floor(least * 10) / 10)
  const isWhole = evaluation.wrongMeans === 'error'
  const options = {
    title: 'Is its confidence honest?',
    description: `Reliability diagram: mean confidence of ${bins.length} groups of test rows against the share of them that was right; on the diagonal the two are equal. Expected calibration error ${(evaluation.confidence.ece * 100).toFixed(1)}%.`,
    xLabel: 'confidence',
    yLabel: isWhole ? 'answers that were right' : 'answers that agreed',
    x: [from, 1],
    y: [from, 1],
  } as const
  return framedChart(options, (x, y) => {
    const path = line<(typeof bins)[number]>(
      (bin) => x(bin.confidence),
      (bin) => y(bin.right.value),
    )
    return [
      `<path d="M${pixels(x(from))} ${pixels(y(from))}L${pixels(x(1))} ${pixels(y(1))}" stroke="${ink.calm}" stroke-dasharray="4 4" fill="none"/>`,
      ...thresholdRule(certificate.threshold, from, x, y.range() as [number, number]),
      `<path d="${path.digits(1)(bins)}" fill="none" stroke="${ink.main}" stroke-opacity="0.5"/>`,
      ...bins.map(
        (bin) =>
          `<path d="M${pixels(x(bin.confidence))} ${pixels(y(bin.right.low))}V${pixels(y(bin.right.high))}" stroke="${ink.main}" stroke-width="1.5"/><circle cx="${pixels(x(bin.confidence))}" cy="${pixels(y(bin.right.value))}" r="3.5" fill="${ink.main}"/>`,
      ),
    ]
  })
}

function thresholdRule(
  threshold: number | undefined,
  from: number,
  x: (value: number) => number,
  [bottom, top]: [number, number],
): readonly string[] {
  if (threshold === undefined || threshold < from) return []
  return [
    `<path d="M${pixels(x(threshold))} ${pixels(bottom)}V${pixels(top)}" stroke="${ink.mark}" stroke-width="1.5"/><text x="${pixels(x(threshold) - 5)}" y="${pixels(top + 12)}" text-anchor="end" fill="${ink.mark}">answers from here</text>`,
  ]
}
