// How much each n-gram tells about the class, from training rows alone: the supervised counterpart of idf.
import type { Terms } from './terms.ts'

/** Rows that weights are learned from. */
export interface LabelledRows {
  /** Row numbers of the terms. */
  readonly rows: Int32Array
  /** Class of every row of the terms, also of those not used. */
  readonly classes: Int32Array
  readonly classCount: number
  /** Group of every row: what rows of one group and class share is counted once. */
  readonly groups: Int32Array
}

/** Per term, over the rows used. */
export interface TermStatistics {
  /** How many groups have it in a row, counted for each class. */
  readonly frequency: Int32Array
  /** Kullback-Leibler divergence, in nats, of the classes of the rows that have it from the classes of all. */
  readonly divergence: Float32Array
}

const priorRows = 1 // rows' worth of belief that a term says nothing about the class

/**
 * Counts how far a term moves the classes: `Σ_c p(c|t) log(p(c|t) / p(c))`, `p(c|t)` smoothed towards `p(c)`.
 * Class by class, so that memory is a few numbers a term.
 */
export function measureTerms(terms: Terms, rows: LabelledRows): TermStatistics {
  const frequency = new Int32Array(terms.codes.length)
  const inClass = new Int32Array(terms.codes.length)
  const counted = rowsByClass(rows).map((members) => countTerms(terms, members, rows.groups, inClass))
  const total = counted.reduce((sum, { groupCount }) => sum + groupCount, 0)
  for (const { seen, counts } of counted) {
    seen.forEach((term, i) => {
      frequency[term]! += counts[i]!
    })
  }
  // Where no row of the class has the term, its share is p(c) · s / (n + s); start as if that were so for all.
  const divergence = Float32Array.from(frequency, (n) => {
    const rest = priorRows / (n + priorRows)
    return rest * Math.log(rest)
  })
  for (const { seen, counts, groupCount } of counted) {
    const prior = groupCount / total
    seen.forEach((term, i) => {
      const smoothed = frequency[term]! + priorRows
      const rest = priorRows / smoothed
      const share = (counts[i]! + priorRows * prior) / smoothed
      divergence[term]! += share * Math.log(share / prior) - rest * prior * Math.log(rest)
    })
  }
  return { frequency, divergence }
}

/** The rows of each class, those of one group next to one another. */
function rowsByClass({ rows, classes, classCount, groups }: LabelledRows): readonly (readonly number[])[] {
  const members = Array.from({ length: classCount }, (): number[] => [])
  for (const row of rows) members[classes[row]!]!.push(row)
  return members.map((list) => list.sort((a, b) => groups[a]! - groups[b]! || a - b))
}

/** Terms of a class, and in how many of its groups each is. */
interface ClassTerms {
  readonly seen: Int32Array
  readonly counts: Int32Array
  readonly groupCount: number
}

/** Counts by way of `scratch`, which is all zeros before and after. */
function countTerms(
  terms: Terms,
  rows: readonly number[],
  groups: Int32Array,
  scratch: Int32Array,
): ClassTerms {
  const seen: number[] = []
  const counts: number[] = []
  const lastGroup: number[] = []
  let groupCount = 0
  let group: number | undefined
  for (const row of rows) {
    if (groups[row] !== group) groupCount++
    group = groups[row]
    for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) {
      const term = terms.terms[at]!
      const place = scratch[term]! - 1
      if (place < 0) {
        seen.push(term)
        counts.push(1)
        lastGroup.push(groupCount)
        scratch[term] = seen.length
      } else if (lastGroup[place] !== groupCount) {
        counts[place]!++
        lastGroup[place] = groupCount
      }
    }
  }
  for (const term of seen) scratch[term] = 0
  return { seen: Int32Array.from(seen), counts: Int32Array.from(counts), groupCount }
}
