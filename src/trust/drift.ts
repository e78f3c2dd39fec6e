/**
 * Whether the inputs that a specialist is asked are still like those it was calibrated on: by its confidences, the
 * inputs' novelty, and the labels it gives. This says nothing of errors, so it demotes nobody: it raises the audit rate.
 * Windows of calls are compared with the calibration rows by chi-square; window i is judged at level
 * alpha · 6 / (π² i²), a third for each of the three, and these levels sum to alpha: the chance of one false alarm
 * over the whole life is at most alpha (union bound; each test by the usual large-sample approximation).
 */
import { z } from 'zod'
import { sameSource } from '../stats/chi-square.ts'
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'
import type { Prediction } from '../task/predictor.ts'

const histogram = z
  .strictObject({
    /** Upper ends of all bins but the last, ascending; a value on an end belongs below it. */
    edges: z.array(z.number()).readonly(),
    counts: z.array(z.number().int().nonnegative()).readonly(),
  })
  .readonly()

/** What predictions on the calibration rows looked like, as it is kept on the card. */
export const typicalSchema = z
  .strictObject({
    confidence: histogram,
    novelty: histogram,
    /** Rows by predicted label; absent where answers are no labels. */
    labels: z.record(z.string(), z.number().int().nonnegative()).exactOptional(),
  })
  .readonly()

export type Typical = z.infer<typeof typicalSchema>
type Histogram = Typical['confidence']

/** How the inputs of late compare. */
export interface DriftFigures {
  /** Windows judged so far. */
  readonly windows: number
  /** What has drifted, as long as it was found in one of the last windows. */
  readonly drifting: readonly Watched[]
}

type Watched = 'confidence' | 'novelty' | 'labels'

export interface DriftMonitor {
  /** Takes what the specialist said of the next input, answered locally or not; true where a window was judged with it. */
  add(said: Prediction): boolean
  figures(): DriftFigures
}

const bins = 10
/** Rarer labels are watched together: chi-square wants some five calls a bin. */
const leastLabelShare = 0.03
const windowCalls = 250
const alpha = 0.05
/** An alarm holds for this many windows after it. */
const alarmWindows = 8

/** What is typical, from the calibrated predictions on the calibration rows. */
export function typicalOf(predictions: readonly Prediction[]): Typical {
  const counts = new Map<string, number>()
  for (const { output } of predictions) {
    const label = labelOf(output)
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  return {
    confidence: histogramOf(predictions.map(({ confidence }) => confidence)),
    novelty: histogramOf(predictions.map(({ novelty }) => novelty)),
    ...(counts.size > 0 && { labels: Object.fromEntries(counts) }),
  }
}

/** Watches from now on. */
export function driftMonitor(typical: Typical): DriftMonitor {
  const labels = labelBins(typical.labels ?? {})
  const expected = {
    confidence: typical.confidence.counts,
    novelty: typical.novelty.counts,
    labels: labels.counts,
  }
  const seen = {
    confidence: expected.confidence.map(() => 0),
    novelty: expected.novelty.map(() => 0),
    labels: expected.labels.map(() => 0),
  }
  const foundAt = new Map<Watched, number>()
  let [calls, windows] = [0, 0]
  const judgeWindow = (): void => {
    windows++
    const level = (alpha * 6) / (Math.PI * windows) ** 2 / 3
    for (const watched of ['confidence', 'novelty', 'labels'] as const) {
      if (sameSource(expected[watched], seen[watched]) < level) foundAt.set(watched, windows)
      seen[watched].fill(0)
    }
    calls = 0
  }
  return {
    add: ({ confidence, novelty, output }) => {
      seen.confidence[binOf(typical.confidence.edges, confidence)]!++
      seen.novelty[binOf(typical.novelty.edges, novelty)]!++
      const label = labelOf(output)
      if (label !== undefined) seen.labels[labels.binOf.get(label) ?? labels.counts.length - 1]!++
      if (++calls < windowCalls) return false
      judgeWindow()
      return true
    },
    figures: () => ({
      windows,
      drifting: [...foundAt].filter(([, at]) => windows - at < alarmWindows).map(([watched]) => watched),
    }),
  }
}

function labelOf(output: Prediction['output']): string | undefined {
  if (output.kind === 'answer') return output.span === undefined ? 'not there' : 'there'
  return output.kind === 'labels' ? output.labels.join('\n') : undefined
}

interface LabelBins {
  readonly binOf: ReadonlyMap<string, number>
  /** Rows a bin; the last is for labels that no row had. */
  readonly counts: readonly number[]
}

/** A bin for each frequent label; rare ones, in the order of their names, share bins that are frequent enough. */
function labelBins(rows: { readonly [label: string]: number }): LabelBins {
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  const isFrequent = (count: number): boolean => count >= leastLabelShare * total
  const binOf = new Map<string, number>()
  const counts: number[] = []
  let open: number | undefined
  for (const [label, count] of Object.entries(rows).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = isFrequent(count) || open === undefined ? counts.push(0) - 1 : open
    binOf.set(label, at)
    counts[at]! += count
    if (!isFrequent(count)) open = isFrequent(counts[at]!) ? undefined : at
  }
  return { binOf, counts: [...counts, 0] }
}

/** Bins of about equally many rows; equal values share a bin. */
function histogramOf(values: readonly number[]): Histogram {
  const sorted = ascendingCopy(values)
  const edges =
    values.length === 0
      ? []
      : Array.from({ length: bins - 1 }, (_, at) => upperQuantileOfSorted(sorted, (at + 1) / bins))
  const distinct = [...new Set(edges)]
  const counts = Array.from({ length: distinct.length + 1 }, () => 0)
  for (const value of values) counts[binOf(distinct, value)]!++
  return { edges: distinct, counts }
}

function binOf(edges: readonly number[], value: number): number {
  let at = 0
  while (at < edges.length && value > edges[at]!) at++
  return at
}
