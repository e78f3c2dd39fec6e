// Static word-piece embeddings: one vector per piece, a text is the mean of its pieces. Pure over bytes,
// so that a web page can use it; `static-embedding-assets.ts` reads the tables that come with Shoal.
import { assert } from '../base/errors.ts'
import { createWordPieces, type WordPieces } from '../text/word-pieces.ts'

/** A table of piece vectors with the vocabulary that finds them. How much a piece says is in its length. */
export interface StaticEmbedding {
  readonly dimensions: number
  readonly pieces: WordPieces
  /** What the file says of itself: language, sources, licence, seed, digests. */
  readonly metadata: Readonly<Record<string, string>>
  /** Adds the vectors of pieces to `target`, which is `dimensions` long. */
  add(target: Float32Array, pieceIds: ArrayLike<number>): void
  /** Writes the mean vector of a text's pieces to `target`; gives how many there were (0: all zeros). */
  embedInto(target: Float32Array, text: string): number
  /** The mean vector of a text's pieces. */
  embed(text: string): Float32Array
}

/** The two files of a table. */
export interface StaticEmbeddingFiles {
  /** A safetensors file: `embedding` I8 [V, D], `scale` F32 [V]. */
  readonly table: Uint8Array
  /** V lines, one piece each. */
  readonly vocabulary: string
}

/** Makes a table usable. Nothing is copied but the scales: `files.table` must not change afterwards. */
export function loadStaticEmbedding(files: StaticEmbeddingFiles): StaticEmbedding {
  const { codes, scales, dimensions, metadata } = readTable(files.table)
  const pieces = createWordPieces(files.vocabulary.replace(/\n$/, '').split('\n'))
  assert(
    pieces.size === scales.length,
    `a static table has ${scales.length} rows and a vocabulary of ${pieces.size}`,
  )
  const add = (target: Float32Array, ids: ArrayLike<number>): void => addRows(target, ids, { codes, scales })

  function embedInto(target: Float32Array, text: string): number {
    target.fill(0)
    const ids = pieces.idsOf(text)
    add(target, ids)
    if (ids.length > 1) for (let d = 0; d < dimensions; d++) target[d]! /= ids.length
    return ids.length
  }

  return {
    dimensions,
    pieces,
    metadata,
    add,
    embedInto,
    embed(text) {
      const vector = new Float32Array(dimensions)
      embedInto(vector, text)
      return vector
    },
  }
}

interface Rows {
  readonly codes: Int8Array
  readonly scales: Float32Array
}

// Four rows at a time: a quarter of the loads and stores of `target`, which is what the time goes to.
function addRows(target: Float32Array, ids: ArrayLike<number>, { codes, scales }: Rows): void {
  const width = target.length
  let row = 0
  for (; row + 4 <= ids.length; row += 4) {
    const [id0, id1, id2, id3] = [ids[row]!, ids[row + 1]!, ids[row + 2]!, ids[row + 3]!]
    const [o0, o1, o2, o3] = [id0 * width, id1 * width, id2 * width, id3 * width]
    const [s0, s1, s2, s3] = [scales[id0]!, scales[id1]!, scales[id2]!, scales[id3]!]
    for (let d = 0; d < width; d++) {
      target[d]! += s0 * codes[o0 + d]! + s1 * codes[o1 + d]! + s2 * codes[o2 + d]! + s3 * codes[o3 + d]!
    }
  }
  for (; row < ids.length; row++) {
    const id = ids[row]!
    const offset = id * width
    const scale = scales[id]!
    for (let d = 0; d < width; d++) target[d]! += scale * codes[offset + d]!
  }
}

interface TensorEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

interface TableHeader {
  readonly embedding?: TensorEntry
  readonly scale?: TensorEntry
  readonly __metadata__?: Readonly<Record<string, string>>
}

function readTable(
  bytes: Uint8Array,
): Rows & { dimensions: number; metadata: Readonly<Record<string, string>> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerBytes = Number(view.getBigUint64(0, true))
  const header: TableHeader = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)))
  const { embedding, scale } = header
  assert(
    embedding?.dtype === 'I8' && scale?.dtype === 'F32',
    'a static table lacks embedding I8 or scale F32',
  )
  const [rows = 0, dimensions = 0] = embedding.shape
  const start = 8 + headerBytes
  const [codesStart, codesEnd] = embedding.data_offsets
  const codes = new Int8Array(bytes.buffer, bytes.byteOffset + start + codesStart, codesEnd - codesStart)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++)
    scales[row] = view.getFloat32(start + scale.data_offsets[0] + row * 4, true)
  assert(
    codes.length === rows * dimensions,
    `a static table of ${rows} x ${dimensions} has ${codes.length} codes`,
  )
  return { codes, scales, dimensions, metadata: header.__metadata__ ?? {} }
}
