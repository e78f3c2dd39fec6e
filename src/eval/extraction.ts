/**
 * Metrics of spans: strict precision, recall and F1, where a part is right only with its label and both ends (or, where
 * the answers say values and no offsets, its value), for all labels together and for each.
 */
import type { Random } from '../base/random.ts'
import { drawRows } from '../stats/bootstrap.ts'
import type { Estimate } from '../stats/interval.ts'
import { ascendingCopy, quantileOfSorted } from '../stats/quantile.ts'
import type { AnswerPart } from '../task/extraction.ts'

export interface SpanLabelMetrics {
  readonly label: string
  /** Parts that the right answers have. */
  readonly support: number
  readonly precision: Estimate
  readonly recall: Estimate
  readonly f1: Estimate
}

export interface ExtractionMetrics {
  /** Rows that are counted here: those whose right answer is made of spans. */
  readonly rows: number
  /** Rows whose right answer no spans give; they are wrong in every whole-answer figure. */
  readonly rowsWithoutSpans: number
  readonly precision: Estimate
  readonly recall: Estimate
  readonly f1: Estimate
  readonly perLabel: readonly SpanLabelMetrics[]
}

/** One row's parts, each once. */
export interface PartsRow {
  readonly expected: readonly AnswerPart[]
  readonly said: readonly AnswerPart[]
}

const bootstrapRounds = 500

/** All metrics with 95% intervals by the bootstrap over rows: parts of one answer are right or wrong together. */
export function extractionMetrics(
  rows: readonly PartsRow[],
  options: { readonly random: Random; readonly rowsWithoutSpans: number },
): ExtractionMetrics {
  const labels = [
    ...new Set(rows.flatMap(({ expected, said }) => [...expected, ...said].map(({ label }) => label))),
  ].sort()
  const counted = rows.map((row) => countRow(row, labels))
  const sums = bootstrapSums(counted, labels.length, options.random)
  const observed = sumOf(counted, labels.length)
  const of = (at: number | undefined): Omit<SpanLabelMetrics, 'label' | 'support'> => {
    const share = (measure: (counts: Counts) => number): Estimate =>
      estimate(
        measure(countsAt(observed, at)),
        sums.map((sum) => measure(countsAt(sum, at))),
      )
    return { precision: share(precisionOf), recall: share(recallOf), f1: share(f1Of) }
  }
  return {
    rows: rows.length,
    rowsWithoutSpans: options.rowsWithoutSpans,
    ...of(undefined),
    perLabel: labels.map((label, at) => ({ label, support: countsAt(observed, at).expected, ...of(at) })),
  }
}

/** F1 of all parts of some rows. */
export function strictF1(rows: readonly PartsRow[], random: Random): Estimate {
  return extractionMetrics(rows, { random, rowsWithoutSpans: 0 }).f1
}

interface Counts {
  readonly expected: number
  readonly said: number
  readonly right: number
}

/** Three numbers a label: expected, said, right. */
function countRow({ expected, said }: PartsRow, labels: readonly string[]): Int32Array {
  const place = new Map(labels.map((label, at) => [label, at]))
  const counts = new Int32Array(3 * labels.length)
  const keys = new Set(expected.map(({ key }) => key))
  for (const { label } of expected) counts[3 * place.get(label)!]!++
  for (const { label, key } of said) {
    const at = 3 * place.get(label)!
    counts[at + 1]!++
    if (keys.has(key)) counts[at + 2]!++
  }
  return counts
}

function sumOf(rows: Iterable<Int32Array>, labels: number): Int32Array {
  const sum = new Int32Array(3 * labels)
  for (const row of rows) for (let at = 0; at < sum.length; at++) sum[at]! += row[at]!
  return sum
}

function bootstrapSums(rows: readonly Int32Array[], labels: number, random: Random): readonly Int32Array[] {
  const drawn = new Uint32Array(rows.length)
  return Array.from({ length: bootstrapRounds }, () => {
    drawRows(rows.length, rows.length, random, drawn)
    return sumOf(
      Array.from(drawn, (row) => rows[row]!),
      labels,
    )
  })
}

/** Counts of one label, or of all where none is given. */
function countsAt(sum: Int32Array, label: number | undefined): Counts {
  if (label !== undefined) {
    return { expected: sum[3 * label]!, said: sum[3 * label + 1]!, right: sum[3 * label + 2]! }
  }
  const total = (offset: number): number =>
    sum.reduce((all, value, at) => (at % 3 === offset ? all + value : all), 0)
  return { expected: total(0), said: total(1), right: total(2) }
}

function precisionOf({ right, said }: Counts): number {
  return said === 0 ? 0 : right / said
}

function recallOf({ right, expected }: Counts): number {
  return expected === 0 ? 0 : right / expected
}

function f1Of({ right, said, expected }: Counts): number {
  return right === 0 ? 0 : (2 * right) / (said + expected)
}

function estimate(value: number, values: readonly number[]): Estimate {
  const sorted = ascendingCopy(values)
  return { value, low: quantileOfSorted(sorted, 0.025), high: quantileOfSorted(sorted, 0.975) }
}
