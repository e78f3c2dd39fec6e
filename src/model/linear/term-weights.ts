// How much each n-gram tells about the class, from training rows alone: the supervised counterpart of idf.
import type { Terms } from './terms.ts'

/** Rows that weights are learned from. */
export interface LabelledRows {
  /** Row numbers of the terms. */
  readonly rows: Int32Array
  /** Class of every row of the terms, also of those not used. */
  readonly classes: Int32Array
  readonly classCount: number
}

/** Per term, over the rows used. */
export interface TermStatistics {
  /** How many rows have it. */
  readonly frequency: Int32Array
  /** Kullback-Leibler divergence, in nats, of the classes of the rows that have it from the classes of all. */
  readonly divergence: Float32Array
}

const priorRows = 1 // rows' worth of belief that a term says nothing about the class

/**
 * Counts how far a term moves the classes: `Σ_c p(c|t) log(p(c|t) / p(c))`, `p(c|t)` smoothed towards `p(c)`.
 * One pass over the entries, class by class, so that memory is a few numbers a term.
 */
export function measureTerms(terms: Terms, { rows, classes, classCount }: LabelledRows): TermStatistics {
  const frequency = new Int32Array(terms.codes.length)
  for (const row of rows) {
    for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) frequency[terms.terms[at]!]!++
  }
  // Where no row of the class has the term, its share is p(c) · s / (n + s); start as if that were so for all.
  const divergence = Float32Array.from(frequency, (n) => {
    const rest = priorRows / (n + priorRows)
    return rest * Math.log(rest)
  })
  const inClass = new Int32Array(terms.codes.length)
  for (const members of groupByClass(rows, classes, classCount)) {
    const prior = members.length / rows.length
    const touched = countTerms(terms, members, inClass)
    for (const term of touched) {
      const total = frequency[term]! + priorRows
      const rest = priorRows / total
      const share = (inClass[term]! + priorRows * prior) / total
      divergence[term]! += share * Math.log(share / prior) - rest * prior * Math.log(rest)
      inClass[term] = 0
    }
  }
  return { frequency, divergence }
}

function groupByClass(rows: Int32Array, classes: Int32Array, classCount: number): readonly number[][] {
  const groups = Array.from({ length: classCount }, (): number[] => [])
  for (const row of rows) groups[classes[row]!]!.push(row)
  return groups
}

/** Counts in how many of the rows each term is; gives the terms counted. */
function countTerms(terms: Terms, rows: readonly number[], counts: Int32Array): readonly number[] {
  const touched: number[] = []
  for (const row of rows) {
    for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) {
      const term = terms.terms[at]!
      if (counts[term]!++ === 0) touched.push(term)
    }
  }
  return touched
}
