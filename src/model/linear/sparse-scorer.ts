// Runs a trained n-gram head over raw texts, from string to logits, making next to no objects.
import { createNgramBuffer, extractNgrams, type NgramOptions } from '../../text/ngrams.ts'
import { type DenseMemory, paddedLength } from './dense-memory.ts'
import type { QuantisedRows } from './quantised.ts'
import { type BlockLengths, blockScale, countValues } from './sparse-rows.ts'
import { levelWeights, type Vocabulary } from './vocabulary.ts'

/** A trained n-gram head as it is kept. */
export interface SparseHead {
  readonly ngrams: NgramOptions
  readonly lengths: BlockLengths
  readonly vocabulary: Vocabulary
  /** V rows of C. */
  readonly weights: QuantisedRows
  readonly biases: Float32Array
}

/** What a text shared with the training texts. */
export interface Overlap {
  /** N-grams in the text. */
  total: number
  /** Those that the vocabulary lacks. */
  unknown: number
}

/** An n-gram head placed in a memory, ready to run. */
export interface SparseScorer {
  /** C logits of a normalised text, written over by the next call; how much of it was known goes to `overlap`. */
  logits(text: string, overlap: Overlap): Float32Array
  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void
}

// Scratch for all heads of a thread: counts are zero between calls.
const buffer = createNgramBuffer()
let counts = new Uint8Array(0)
let touched = new Int32Array(4096)
let factors = new Float32Array(4096)

/** Places a head's weights in a memory that many heads may share. */
export function placeSparseHead(memory: DenseMemory, head: SparseHead): SparseScorer {
  const { vocabulary, ngrams, lengths, biases } = head
  const { columns, values, scales } = head.weights
  const address = memory.place(values)
  const out = new Float32Array(columns)
  return {
    logits(text, overlap) {
      extractNgrams(text, ngrams, buffer)
      const distinct = countRows(vocabulary, overlap)
      weighRow(vocabulary, lengths, distinct)
      out.set(biases)
      if (distinct === 0) return out
      const sums = sumRows(memory, distinct, (row) => address + row * columns, scales, columns)
      for (let c = 0; c < columns; c++) out[c]! += sums[c]!
      return out
    },
    dispose: () => memory.release(address, values.byteLength),
  }
}

/** Counts the n-grams in `buffer` by row: the rows go to `touched`, their number is given. */
function countRows(vocabulary: Vocabulary, overlap: Overlap): number {
  if (counts.length < vocabulary.size) counts = new Uint8Array(vocabulary.size)
  if (touched.length < buffer.count) {
    touched = new Int32Array(buffer.count * 2)
    factors = new Float32Array(buffer.count * 2)
  }
  const { codes, count } = buffer
  let distinct = 0
  let known = 0
  for (let i = 0; i < count; i++) {
    const row = vocabulary.rowOf(codes[i]!)
    if (row < 0) continue
    known++
    if (counts[row] === 0) touched[distinct++] = row
    if (counts[row]! < 255) counts[row]!++
  }
  overlap.total = count
  overlap.unknown = count - known
  return distinct
}

/** Writes the value of each touched row to `factors`, each block brought to its length, and empties `counts`. */
function weighRow({ codes, levels }: Vocabulary, lengths: BlockLengths, distinct: number): void {
  let wordSquares = 0
  let characterSquares = 0
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    const value = countValues[counts[row]!]! * levelWeights[levels[row]!]!
    counts[row] = 0
    factors[i] = value
    if ((codes[row]! & 1) === 0) wordSquares += value * value
    else characterSquares += value * value
  }
  const wordScale = blockScale(lengths[0], wordSquares)
  const characterScale = blockScale(lengths[1], characterSquares)
  for (let i = 0; i < distinct; i++) {
    factors[i]! *= (codes[touched[i]!]! & 1) === 0 ? wordScale : characterScale
  }
}

/** Sum of the touched rows by their factors; valid until the memory is used again. */
function sumRows(
  memory: DenseMemory,
  distinct: number,
  addressOf: (row: number) => number,
  scales: Float32Array,
  columns: number,
): Float32Array {
  const outBytes = paddedLength(columns) * 4
  const out = memory.workspace(outBytes + distinct * 8)
  const rowsAt = out + outBytes
  const factorsAt = rowsAt + distinct * 4
  const rowView = new Int32Array(memory.buffer(), rowsAt, distinct)
  const factorView = new Float32Array(memory.buffer(), factorsAt, distinct)
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    rowView[i] = addressOf(row)
    factorView[i] = factors[i]! * scales[row]!
  }
  memory.kernels.addRowsInt8(out, rowsAt, factorsAt, distinct, columns)
  return new Float32Array(memory.buffer(), out, columns)
}
