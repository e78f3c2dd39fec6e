// Runs a trained n-gram head over raw texts: from string to logits without making an object.
import { createNgramBuffer, extractNgrams, type NgramOptions } from '../../text/ngrams.ts'
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

// Scratch for all heads of a thread: counts are zero between calls.
const buffer = createNgramBuffer()
let counts = new Uint8Array(0)
let touched = new Int32Array(4096)

/** Writes the C logits of a normalised text to `target`, and how much of it was known to `overlap`. */
export function scoreText(head: SparseHead, text: string, target: Float32Array, overlap: Overlap): void {
  extractNgrams(text, head.ngrams, buffer)
  const { vocabulary } = head
  if (counts.length < vocabulary.size) counts = new Uint8Array(vocabulary.size)
  if (touched.length < buffer.count) touched = new Int32Array(buffer.count * 2)
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
  accumulate(head, distinct, target)
}

function accumulate(head: SparseHead, distinct: number, target: Float32Array): void {
  const { codes, levels } = head.vocabulary
  const { values, scales, columns } = head.weights
  let wordSquares = 0
  let characterSquares = 0
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    const value = countValues[counts[row]!]! * levelWeights[levels[row]!]!
    if ((codes[row]! & 1) === 0) wordSquares += value * value
    else characterSquares += value * value
  }
  const wordScale = blockScale(head.lengths[0], wordSquares)
  const characterScale = blockScale(head.lengths[1], characterSquares)
  target.set(head.biases)
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    const blockFactor = (codes[row]! & 1) === 0 ? wordScale : characterScale
    const factor = blockFactor * countValues[counts[row]!]! * levelWeights[levels[row]!]! * scales[row]!
    counts[row] = 0
    let at = row * columns
    for (let c = 0; c < columns; c++) target[c]! += factor * values[at++]!
  }
}
