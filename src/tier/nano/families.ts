// Finds rows that are parts of one another, as phrases of a sentence or a mail quoted in its answer: a row held
// aside tells nothing when a longer one that contains it was learned from.
import type { Terms } from '../../model/linear/terms.ts'

const mostCandidates = 64 // a term in more rows than that does not point at a family
const containedShare = 0.9 // of a row's terms that its longer relative must have
const termsLooked = 2 // of the rarest ones

export interface Families {
  /** Groups made coarser: rows that contain one another have one number. */
  readonly groups: Int32Array
  /** 1 for rows that are part of a longer one, or repeat an earlier one. */
  readonly contained: Uint8Array
}

/** Joins groups whose rows contain one another. */
export function joinFamilies(terms: Terms, groups: Int32Array): Families {
  const contained = new Uint8Array(groups.length)
  const parents = Int32Array.from(groups.keys())
  const root = (row: number): number => {
    let at = row
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!
      at = parents[at]!
    }
    return at
  }
  joinGroups(groups, parents)
  const postings = rarePostings(terms)
  const marks = new Int32Array(terms.codes.length).fill(-1)
  for (let row = 0; row < groups.length; row++) {
    // One relative each, the longest: a phrase that stands in several texts must not make these one family.
    const relative = candidatesOf(terms, row, postings).find((other) => contains(terms, other, row, marks))
    if (relative === undefined) continue
    contained[row] = 1
    if (root(relative) !== root(row)) parents[root(row)] = root(relative)
  }
  return { groups: parents.map((_, row) => root(row)), contained }
}

function joinGroups(groups: Int32Array, parents: Int32Array): void {
  const first = new Map<number, number>()
  groups.forEach((group, row) => {
    const head = first.get(group) ?? row
    first.set(group, head)
    parents[row] = head
  })
}

/** Rows of each term that few enough have, by term. */
interface Postings {
  readonly starts: Int32Array
  readonly rows: Int32Array
  readonly frequency: Int32Array
}

function rarePostings({ starts, terms, codes }: Terms): Postings {
  const frequency = new Int32Array(codes.length)
  for (const term of terms) frequency[term]!++
  const postingStarts = new Int32Array(codes.length + 1)
  frequency.forEach((count, term) => {
    postingStarts[term + 1] = postingStarts[term]! + (count <= mostCandidates ? count : 0)
  })
  const rows = new Int32Array(postingStarts.at(-1)!)
  const filled = postingStarts.slice(0, -1)
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const term = terms[at]!
      if (frequency[term]! <= mostCandidates) rows[filled[term]!++] = row
    }
  }
  return { starts: postingStarts, rows, frequency }
}

/** Longer rows that share one of the row's rarest terms, the longest first. */
function candidatesOf(terms: Terms, row: number, { starts, rows, frequency }: Postings): readonly number[] {
  const length = terms.starts[row + 1]! - terms.starts[row]!
  let rarest: number[] = []
  for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) {
    const term = terms.terms[at]!
    if (frequency[term]! < 2 || frequency[term]! > mostCandidates) continue
    rarest = [...rarest, term].sort((a, b) => frequency[a]! - frequency[b]!).slice(0, termsLooked)
  }
  const lengthOf = (other: number): number => terms.starts[other + 1]! - terms.starts[other]!
  return rarest
    .flatMap((term) => [...rows.subarray(starts[term]!, starts[term + 1]!)])
    .filter((other) => lengthOf(other) > length || (lengthOf(other) === length && other < row))
    .sort((a, b) => lengthOf(b) - lengthOf(a))
}

function contains(terms: Terms, whole: number, part: number, marks: Int32Array): boolean {
  for (let at = terms.starts[whole]!; at < terms.starts[whole + 1]!; at++) marks[terms.terms[at]!] = whole
  let shared = 0
  for (let at = terms.starts[part]!; at < terms.starts[part + 1]!; at++) {
    if (marks[terms.terms[at]!] === whole) shared++
  }
  return shared >= containedShare * (terms.starts[part + 1]! - terms.starts[part]!)
}
