// Texts as sparse vectors over a vocabulary: `(1 + log count) · weight`, each block scaled to a fixed length.
import { ngramBlocks } from '../../text/ngrams.ts'
import type { Terms } from './terms.ts'
import { levelWeights, type Vocabulary } from './vocabulary.ts'

/** Rows of numbers in compressed form: row `i` is `starts[i]` up to `starts[i + 1]`. */
export interface SparseRows {
  /** N + 1 offsets. */
  readonly starts: Int32Array
  /** Vocabulary row of each entry. */
  readonly columns: Int32Array
  readonly values: Float32Array
}

/** Length of the block of words and of the block of characters. */
export type BlockLengths = readonly [number, number]

/** Logarithmic counts: `1 + log n`. */
export const countValues = Float32Array.from({ length: 256 }, (_, n) => (n === 0 ? 0 : 1 + Math.log(n)))

/** The rows asked for, in that order. */
export function weighRows(
  terms: Terms,
  rows: Int32Array,
  vocabulary: Vocabulary,
  lengths: BlockLengths,
): SparseRows {
  const rowOfTerm = Int32Array.from(terms.codes, (code) => vocabulary.rowOf(code))
  let entries = 0
  for (const row of rows) {
    for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) {
      if (rowOfTerm[terms.terms[at]!]! >= 0) entries++
    }
  }
  const starts = new Int32Array(rows.length + 1)
  const columns = new Int32Array(entries)
  const values = new Float32Array(entries)
  let end = 0
  for (let i = 0; i < rows.length; i++) {
    const first = end
    const row = rows[i]!
    for (let at = terms.starts[row]!; at < terms.starts[row + 1]!; at++) {
      const column = rowOfTerm[terms.terms[at]!]!
      if (column < 0) continue
      columns[end] = column
      values[end++] = countValues[terms.counts[at]!]! * levelWeights[vocabulary.levels[column]!]!
    }
    scaleBlocks({ columns, values }, first, end, vocabulary, lengths)
    starts[i + 1] = end
  }
  return { starts, columns, values }
}

/** The rows of these numbers, copied, in that order. */
export function pickSparseRows({ starts, columns, values }: SparseRows, rows: Int32Array): SparseRows {
  const picked = new Int32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++) picked[i + 1] = picked[i]! + starts[rows[i]! + 1]! - starts[rows[i]!]!
  const entries = picked[rows.length]!
  const copy = { starts: picked, columns: new Int32Array(entries), values: new Float32Array(entries) }
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [starts[rows[i]!]!, starts[rows[i]! + 1]!]
    copy.columns.set(columns.subarray(from, to), picked[i]!)
    copy.values.set(values.subarray(from, to), picked[i]!)
  }
  return copy
}

function scaleBlocks(
  { columns, values }: Pick<SparseRows, 'columns' | 'values'>,
  start: number,
  end: number,
  vocabulary: Vocabulary,
  lengths: BlockLengths,
): void {
  const squares: [number, number] = [0, 0]
  for (let at = start; at < end; at++) squares[blockOf(vocabulary, columns[at]!)] += values[at]! ** 2
  const scales = [blockScale(lengths[0], squares[0]), blockScale(lengths[1], squares[1])] as const
  for (let at = start; at < end; at++) values[at]! *= scales[blockOf(vocabulary, columns[at]!)]
}

/** Factor that brings a block of this sum of squares to the length; 0 where the block is empty. */
export function blockScale(length: number, squares: number): number {
  return squares > 0 ? length / Math.sqrt(squares) : 0
}

function blockOf(vocabulary: Vocabulary, row: number): 0 | 1 {
  return (vocabulary.codes[row]! & 1) === ngramBlocks.words ? 0 : 1
}
