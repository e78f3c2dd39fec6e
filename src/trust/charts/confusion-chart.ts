/** The pairs of labels that are most often taken for each other, as bars. */
import { scaleLinear } from 'd3-scale'
import type { Card } from '../card-schema.ts'
import { escaped, ink, pixels, svg } from './frame.ts'

const mostPairs = 12
const width = 640
const bar = 24
const textWidth = 400

/** Draws a bar a pair, the most frequent first; absent where nothing was confused or outputs are not labels. */
export function confusionChart({ evaluation }: Card): string | undefined {
  const pairs = evaluation.classification?.confusions.slice(0, mostPairs) ?? []
  const [most] = pairs
  if (most === undefined) return undefined
  const x = scaleLinear([0, most.count], [textWidth + 12, width - 44])
  const height = 34 + pairs.length * bar + 8
  const options = {
    title: 'What it takes for what',
    description: `The ${pairs.length} most confused pairs of labels; the most frequent, ${most.count} times: ${most.expected} taken for ${most.predicted}.`,
  }
  return svg(
    { width, height },
    options,
    pairs.map(({ expected, predicted, count }, at) => {
      const top = 34 + at * bar
      return [
        `<text x="${textWidth}" y="${top + 15}" text-anchor="end">${escaped(shortened(expected))} → <tspan font-weight="600">${escaped(shortened(predicted))}</tspan></text>`,
        `<rect x="${pixels(x(0))}" y="${top + 3}" width="${pixels(x(count) - x(0))}" height="${bar - 8}" rx="2" fill="${ink.main}"/>`,
        `<text x="${pixels(x(count) + 6)}" y="${top + 15}">${count}</text>`,
      ].join('')
    }),
  )
}

function shortened(text: string): string {
  const plain = text.replace(/\s+/g, ' ')
  return plain.length <= 28 ? plain : `${plain.slice(0, 27)}…`
}
