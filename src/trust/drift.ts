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
    /** Rows by predicted label, the most frequent ones; absent where answers are no labels. */
    labels: z.record(z.string(), z.number().int().nonnegative()).exactOptional(),
    otherLabels: z.number().int().nonnegative().exactOptional(),
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
  /** Takes what the specialist said of the next input, answered locally or not. */
  add(said: Prediction): void
  figures(): DriftFigures
}

const bins = 10
const mostLabels = 30
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
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  const others = sorted.slice(mostLabels).reduce((sum, [, count]) => sum + count, 0)
  return {
    confidence: histogramOf(predictions.map(({ confidence }) => confidence)),
    novelty: histogramOf(predictions.map(({ novelty }) => novelty)),
    ...(sorted.length > 0 && {
      labels: Object.fromEntries(sorted.slice(0, mostLabels)),
      otherLabels: others,
    }),
  }
}

/** Watches from now on. */
export function driftMonitor(typical: Typical): DriftMonitor {
  const labels = Object.entries(typical.labels ?? {})
  const place = new Map(labels.map(([label], at) => [label, at]))
  const expected = {
    confidence: typical.confidence.counts,
    novelty: typical.novelty.counts,
    labels: [...labels.map(([, count]) => count), typical.otherLabels ?? 0],
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
      if (label !== undefined) seen.labels[place.get(label) ?? labels.length]!++
      if (++calls === windowCalls) judgeWindow()
    },
    figures: () => ({
      windows,
      drifting: [...foundAt].filter(([, at]) => windows - at < alarmWindows).map(([watched]) => watched),
    }),
  }
}

function labelOf(output: Prediction['output']): string | undefined {
  return output.kind === 'labels' ? output.labels.join('\n') : undefined
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
