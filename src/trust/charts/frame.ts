/** What the charts of a card share: an SVG that stands alone, with axes in percent, readable on light and dark pages. */
import { type ScaleLinear, scaleLinear } from 'd3-scale'

/** Colours that keep apart on white and on black, and for people who see colours differently (Okabe and Ito, 2008). */
export const ink = Object.freeze({ main: '#0072b2', mark: '#d55e00', calm: '#8a8f98' })

const size = Object.freeze({ width: 460, height: 320, left: 58, right: 16, top: 34, bottom: 48 })

export interface FrameOptions {
  readonly title: string
  /** What the chart says, in a sentence, for those who do not see it. */
  readonly description: string
  readonly xLabel: string
  readonly yLabel: string
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
}

/** Draws axes, grid and title around the marks; scales map shares to pixels. */
export function framedChart(
  options: FrameOptions,
  marks: (x: ScaleLinear<number, number>, y: ScaleLinear<number, number>) => readonly string[],
): string {
  const x = scaleLinear([...options.x], [size.left, size.width - size.right])
  const y = scaleLinear([...options.y], [size.height - size.bottom, size.top])
  return svg(size, options, [
    ...gridOf(x, y),
    ...marks(x, y),
    label(options.xLabel, (size.left + size.width - size.right) / 2, size.height - 10),
    `<text transform="translate(14 ${(size.top + size.height - size.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(options.yLabel)}</text>`,
  ])
}

/**
 * An SVG document of that size, with a description that is read aloud. The root's tag stands on a line of its own and
 * no line is empty: so Markdown takes all of it as one block of HTML.
 */
export function svg(
  { width, height }: { readonly width: number; readonly height: number },
  { title, description }: Pick<FrameOptions, 'title' | 'description'>,
  content: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(description)}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
    `<text x="${width / 2}" y="18" text-anchor="middle" font-size="14" font-weight="600">${escaped(title)}</text>`,
    ...content,
    '</svg>',
  ].join('\n')
}

function label(text: string, x: number, y: number): string {
  return `<text x="${pixels(x)}" y="${pixels(y)}" text-anchor="middle">${escaped(text)}</text>`
}

/** A place rounded to a tenth of a pixel, so that files stay small. */
export function pixels(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Text for inside an SVG or HTML document. */
export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => names[character]!)
}

function gridOf(x: ScaleLinear<number, number>, y: ScaleLinear<number, number>): readonly string[] {
  const [left, right] = x.range() as [number, number]
  const [bottom, top] = y.range() as [number, number]
  const rule = 'stroke="currentColor" stroke-opacity="0.15"'
  return [
    ...y
      .ticks(5)
      .map(
        (tick) =>
          `<path d="M${pixels(left)} ${pixels(y(tick))}H${pixels(right)}" ${rule}/><text x="${pixels(left - 6)}" y="${pixels(y(tick) + 4)}" text-anchor="end">${y.tickFormat(5, '~%')(tick)}</text>`,
      ),
    ...x
      .ticks(5)
      .map(
        (tick) =>
          `<path d="M${pixels(x(tick))} ${pixels(bottom)}V${pixels(top)}" ${rule}/>${label(x.tickFormat(5, '~%')(tick), x(tick), bottom + 16)}`,
      ),
  ]
}
