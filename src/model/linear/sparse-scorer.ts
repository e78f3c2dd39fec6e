// Runs a trained n-gram head over raw texts, from string to logits, making next to no objects. All that a head
// holds lies in one block of the memory: nothing of it is left for the garbage collector.
import { createNgramBuffer, extractNgrams, type NgramOptions, ngramBlocks } from '../../text/ngrams.ts'
import { type DenseMemory, paddedLength } from './dense-memory.ts'
import { blockLength } from './kernels.ts'
import { type LevelledRows, levelScales } from './quantised.ts'
import { type BlockLengths, blockScale, countValues } from './sparse-rows.ts'
import { levelWeights, type Vocabulary } from './vocabulary.ts'

/** A trained n-gram head as it is kept. */
export interface SparseHead {
  readonly ngrams: NgramOptions
  readonly lengths: BlockLengths
  readonly vocabulary: Pick<Vocabulary, 'codes' | 'levels'>
  /** V rows of C. */
  readonly weights: LevelledRows
  readonly biases: Float32Array
}

/** An n-gram head placed in a memory, ready to run. */
export interface SparseScorer {
  /** C logits of a normalised text, written over by the next call. */
  logits(text: string): Float32Array
  /** Bytes held. */
  readonly sizeBytes: number
  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void
}

// Scratch for all heads of a thread: counts are zero between calls.
const buffer = createNgramBuffer()
let counts = new Uint8Array(0)
let touched = new Int32Array(4096)
let factors = new Float32Array(4096)

/** Places a head in a memory that many heads may share; the arrays it came in are not needed afterwards. */
export function placeSparseHead(memory: DenseMemory, head: SparseHead): SparseScorer {
  const { ngrams, lengths } = head
  const biases = head.biases.slice()
  const placed = placeVocabulary(memory, head)
  const { columns } = placed
  const out = new Float32Array(columns)
  return {
    sizeBytes: placed.sizeBytes,
    logits(text) {
      extractNgrams(text, ngrams, buffer)
      const distinct = countRows(memory, placed)
      weighRow(memory, placed, lengths, distinct)
      out.set(biases)
      if (distinct === 0) return out
      const sums = sumRows(memory, placed, distinct)
      for (let c = 0; c < columns; c++) out[c]! += sums[c]!
      return out
    },
    dispose: () => memory.release(placed.address, placed.sizeBytes),
  }
}

/** Where the parts of a head lie: byte offsets, `buckets` and `codes` multiples of 4. */
interface PlacedHead {
  readonly address: number
  readonly sizeBytes: number
  readonly size: number
  readonly columns: number
  /** A code's bucket is its highest bits. */
  readonly shift: number
  readonly buckets: number
  readonly codes: number
  readonly levels: number
  readonly scales: number
  readonly weights: number
}

const codesPerBucket = 4

/** Buckets hold the first row of the codes with the same highest bits, so that few codes are looked at. */
function placeVocabulary(memory: DenseMemory, { vocabulary, weights }: SparseHead): PlacedHead {
  const { codes, levels } = vocabulary
  const size = codes.length
  const { values, columns } = weights
  const bits = Math.min(22, Math.max(4, Math.ceil(Math.log2((size + 1) / codesPerBucket))))
  const shift = 32 - bits
  const parts = [4 * ((1 << bits) + 1), codes.byteLength, size, size]
  const weightsAt = Math.ceil(parts.reduce((sum, part) => sum + part, 0) / 4) * 4
  const sizeBytes = weightsAt + values.byteLength
  const address = memory.take(sizeBytes + blockLength)
  const codesAt = address + parts[0]!
  const levelsAt = codesAt + parts[1]!
  const scalesAt = levelsAt + size
  const { bytes, words } = memory.views()
  const starts = words.subarray(address >> 2, codesAt >> 2).fill(0)
  for (const code of codes) starts[(code >>> shift) + 1]!++
  for (let bucket = 0; bucket < 1 << bits; bucket++) starts[bucket + 1]! += starts[bucket]!
  words.set(codes, codesAt >> 2)
  bytes.set(levels, levelsAt)
  bytes.set(weights.levels, scalesAt)
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), address + weightsAt)
  return {
    ...{ address, sizeBytes, size, columns, shift, buckets: address },
    ...{ codes: codesAt, levels: levelsAt, scales: scalesAt, weights: address + weightsAt },
  }
}

/** Counts the n-grams in `buffer` by row: the rows go to `touched`, their number is given. */
function countRows(memory: DenseMemory, { size, shift, buckets, codes }: PlacedHead): number {
  if (counts.length < size) counts = new Uint8Array(size)
  if (touched.length < buffer.count) {
    touched = new Int32Array(buffer.count * 2)
    factors = new Float32Array(buffer.count * 2)
  }
  const { words } = memory.views()
  const found = buffer.codes
  const bucketsAt = buckets >>> 2
  const codesAt = codes >>> 2
  let distinct = 0
  for (let i = 0; i < buffer.count; i++) {
    const code = found[i]!
    const bucket = bucketsAt + (code >>> shift)
    const end = words[bucket + 1]!
    let row = words[bucket]!
    while (row < end && words[codesAt + row] !== code) row++
    if (row === end) continue
    if (counts[row] === 0) touched[distinct++] = row
    if (counts[row]! < 255) counts[row]!++
  }
  return distinct
}

/** Writes the value of each touched row to `factors`, each block brought to its length, and empties `counts`. */
function weighRow(
  memory: DenseMemory,
  { codes, levels, scales }: PlacedHead,
  lengths: BlockLengths,
  distinct: number,
): void {
  const { bytes } = memory.views()
  let wordSquares = 0
  let characterSquares = 0
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    const value = countValues[counts[row]!]! * levelWeights[bytes[levels + row]!]!
    counts[row] = 0
    factors[i] = value
    if (isWord(bytes, codes, row)) wordSquares += value * value
    else characterSquares += value * value
  }
  const wordScale = blockScale(lengths[0], wordSquares)
  const characterScale = blockScale(lengths[1], characterSquares)
  for (let i = 0; i < distinct; i++) {
    const row = touched[i]!
    factors[i]! *=
      (isWord(bytes, codes, row) ? wordScale : characterScale) * levelScales[bytes[scales + row]!]!
  }
}

/** The lowest bit of a code, which lies in its first byte, says which block it is of. */
function isWord(bytes: Uint8Array, codes: number, row: number): boolean {
  return (bytes[codes + 4 * row]! & 1) === ngramBlocks.words
}

/** Sum of the touched rows by their factors; valid until the memory is used again. */
function sumRows(memory: DenseMemory, { weights, columns }: PlacedHead, distinct: number): Float32Array {
  const outBytes = paddedLength(columns) * 4
  const out = memory.workspace(outBytes + distinct * 8)
  const rowsAt = out + outBytes
  const factorsAt = rowsAt + distinct * 4
  const rowView = new Int32Array(memory.buffer(), rowsAt, distinct)
  const factorView = new Float32Array(memory.buffer(), factorsAt, distinct)
  for (let i = 0; i < distinct; i++) {
    rowView[i] = weights + touched[i]! * columns
    factorView[i] = factors[i]!
  }
  memory.kernels.addRowsInt8(out, rowsAt, factorsAt, distinct, columns)
  return new Float32Array(memory.buffer(), out, columns)
}
