/** Metrics of labels: accuracy, macro-F1, each label's precision, recall and F1, and which labels are taken for which. */
import { assert } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { drawRows } from '../stats/bootstrap.ts'
import { type Estimate, wilson } from '../stats/interval.ts'
import { ascendingCopy, quantileOfSorted } from '../stats/quantile.ts'

export interface LabelMetrics {
  readonly label: string
  /** Rows whose right output has the label. */
  readonly support: number
  readonly precision: Estimate
  readonly recall: Estimate
  readonly f1: Estimate
}

/** Rows of one label that were given another. */
export interface Confusion {
  readonly expected: string
  readonly predicted: string
  /** Share of the rows with the expected label. */
  readonly share: Estimate
  readonly count: number
}

export interface ClassificationMetrics {
  readonly rows: number
  /** Share of rows whose labels are all right. */
  readonly accuracy: Estimate
  /** Mean F1 of the labels that occur, in what is expected or predicted. */
  readonly macroF1: Estimate
  readonly perLabel: readonly LabelMetrics[]
  /** The most frequent ones first, at most {@link mostConfusions}. */
  readonly confusions: readonly Confusion[]
}

/** One row's labels. */
export interface LabelledRow {
  readonly expected: readonly string[]
  readonly predicted: readonly string[]
}

const mostConfusions = 20
const bootstrapRounds = 500

/** All metrics with 95% intervals: Wilson's for shares, percentile bootstrap over rows for F1. */
export function classificationMetrics(
  rows: readonly LabelledRow[],
  options: { readonly random: Random },
): ClassificationMetrics {
  assert(rows.length > 0, 'metrics of no rows')
  const labels = [...new Set(rows.flatMap((row) => [...row.expected, ...row.predicted]))].sort()
  const coded = codeRows(rows, labels)
  const counts = countLabels(coded, labels.length)
  const f1 = f1Intervals(coded, labels.length, options.random)
  const right = coded.filter((row) => isRight(row)).length
  return {
    rows: rows.length,
    accuracy: wilson(right, rows.length),
    macroF1: f1.macro,
    perLabel: labels.map((label, at) => ({
      label,
      support: counts.expected[at]!,
      precision: wilson(counts.hit[at]!, counts.predicted[at]!),
      recall: wilson(counts.hit[at]!, counts.expected[at]!),
      f1: f1.perLabel[at]!,
    })),
    confusions: confusionsOf(rows, new Map(labels.map((label, at) => [label, counts.expected[at]!]))),
  }
}

interface CodedRow {
  readonly expected: readonly number[]
  readonly predicted: readonly number[]
}

interface LabelCounts {
  readonly expected: Float64Array
  readonly predicted: Float64Array
  readonly hit: Float64Array
}

function codeRows(rows: readonly LabelledRow[], labels: readonly string[]): readonly CodedRow[] {
  const codes = new Map(labels.map((label, at) => [label, at]))
  const code = (names: readonly string[]): readonly number[] => [
    ...new Set(names.map((name) => codes.get(name)!)),
  ]
  return rows.map((row) => ({ expected: code(row.expected), predicted: code(row.predicted) }))
}

function isRight(row: CodedRow): boolean {
  return (
    row.expected.length === row.predicted.length &&
    row.expected.every((label) => row.predicted.includes(label))
  )
}

function countLabels(rows: Iterable<CodedRow>, labels: number): LabelCounts {
  const counts: LabelCounts = {
    expected: new Float64Array(labels),
    predicted: new Float64Array(labels),
    hit: new Float64Array(labels),
  }
  for (const row of rows) {
    for (const label of row.expected) counts.expected[label]!++
    for (const label of row.predicted) {
      counts.predicted[label]!++
      if (row.expected.includes(label)) counts.hit[label]!++
    }
  }
  return counts
}

/** F1 of each label, 0 where it is never hit, and their mean over the labels that occur. */
function f1Of(counts: LabelCounts): { readonly perLabel: Float64Array; readonly macro: number } {
  const perLabel = counts.hit.map((hit, at) =>
    hit === 0 ? 0 : (2 * hit) / (counts.expected[at]! + counts.predicted[at]!),
  )
  let occurring = 0
  let sum = 0
  perLabel.forEach((f1, at) => {
    if (counts.expected[at]! + counts.predicted[at]! > 0) occurring++
    sum += f1
  })
  return { perLabel, macro: sum / occurring }
}

function f1Intervals(
  rows: readonly CodedRow[],
  labels: number,
  random: Random,
): { readonly macro: Estimate; readonly perLabel: readonly Estimate[] } {
  const observed = f1Of(countLabels(rows, labels))
  const drawn = new Uint32Array(rows.length)
  const resampled = Array.from({ length: bootstrapRounds }, () => {
    drawRows(rows.length, rows.length, random, drawn)
    return f1Of(countLabels(picked(rows, drawn), labels))
  })
  const estimate = (value: number, values: readonly number[]): Estimate => {
    const sorted = ascendingCopy(values)
    return { value, low: quantileOfSorted(sorted, 0.025), high: quantileOfSorted(sorted, 0.975) }
  }
  return {
    macro: estimate(
      observed.macro,
      resampled.map((round) => round.macro),
    ),
    perLabel: Array.from(observed.perLabel, (value, at) =>
      estimate(
        value,
        resampled.map((round) => round.perLabel[at]!),
      ),
    ),
  }
}

function* picked(rows: readonly CodedRow[], drawn: Uint32Array): Generator<CodedRow> {
  for (const row of drawn) yield rows[row]!
}

function confusionsOf(
  rows: readonly LabelledRow[],
  support: ReadonlyMap<string, number>,
): readonly Confusion[] {
  const counts = new Map<string, { expected: string; predicted: string; count: number }>()
  for (const row of rows) {
    const [expected, predicted] = [row.expected[0], row.predicted[0]]
    if (row.expected.length !== 1 || row.predicted.length !== 1) continue
    if (expected === undefined || predicted === undefined || expected === predicted) continue
    const key = JSON.stringify([expected, predicted])
    const seen = counts.get(key) ?? { expected, predicted, count: 0 }
    seen.count++
    counts.set(key, seen)
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || (a.expected < b.expected ? -1 : 1))
    .slice(0, mostConfusions)
    .map((confusion) => ({ ...confusion, share: wilson(confusion.count, support.get(confusion.expected)!) }))
}
