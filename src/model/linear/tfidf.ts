// Term frequency times inverse document frequency, for the plain baseline; the nano tier weighs terms otherwise.
import { blockScale, type SparseRows } from './sparse-rows.ts'
import type { Terms } from './terms.ts'
import { createVocabulary, type Vocabulary } from './vocabulary.ts'

/** What is learned from the training texts: their terms, and the idf of each. */
export interface TfidfWeights {
  readonly vocabulary: Vocabulary
  readonly idf: Float32Array
}

/** scikit-learn's smooth idf, `log((1 + N) / (1 + n)) + 1`. */
export function fitTfidf({ starts, terms, codes }: Terms): TfidfWeights {
  const rows = starts.length - 1
  const frequency = new Int32Array(codes.length)
  for (const term of terms) frequency[term]!++
  const order = Uint32Array.from(codes.keys()).sort((a, b) => codes[a]! - codes[b]!)
  return {
    vocabulary: createVocabulary(
      order.map((term) => codes[term]!),
      new Uint8Array(order.length),
    ),
    idf: Float32Array.from(order, (term) => Math.log((1 + rows) / (1 + frequency[term]!)) + 1),
  }
}

/** Rows of `count · idf` over the known terms, words and characters each brought to length 1. */
export function tfidfRows(given: Terms, { vocabulary, idf }: TfidfWeights): SparseRows {
  const rowOfTerm = Int32Array.from(given.codes, (code) => vocabulary.rowOf(code))
  const starts = new Int32Array(given.starts.length)
  const columns = new Int32Array(given.terms.length)
  const values = new Float32Array(given.terms.length)
  let end = 0
  for (let row = 0; row + 1 < starts.length; row++) {
    const first = end
    const squares: [number, number] = [0, 0]
    for (let at = given.starts[row]!; at < given.starts[row + 1]!; at++) {
      const column = rowOfTerm[given.terms[at]!]!
      if (column < 0) continue
      const value = given.counts[at]! * idf[column]!
      columns[end] = column
      values[end++] = value
      squares[blockOf(vocabulary, column)] += value * value
    }
    const scales = [blockScale(1, squares[0]), blockScale(1, squares[1])] as const
    for (let at = first; at < end; at++) values[at]! *= scales[blockOf(vocabulary, columns[at]!)]
    starts[row + 1] = end
  }
  return { starts, columns: columns.slice(0, end), values: values.slice(0, end) }
}

const blockOf = ({ codes }: Vocabulary, row: number): 0 | 1 => ((codes[row]! & 1) === 0 ? 0 : 1)
