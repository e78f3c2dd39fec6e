// A number that tells whether a static table is still the one that a model was trained with.
import type { StaticEmbedding } from '../../model/static-embedding.ts'

const rowsLooked = 997

/** FNV-1a over the bits of a spread of the table's vectors, with its sizes. */
export function fingerprint(table: StaticEmbedding): number {
  const { dimensions, pieces } = table
  let hash = 0x811c9dc5
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x01000193)
  }
  mix(dimensions)
  mix(pieces.size)
  const sum = new Float32Array(dimensions)
  const step = Math.max(1, Math.floor(pieces.size / rowsLooked))
  for (let id = 0; id < pieces.size; id += step) table.add(sum, [id])
  for (const bits of new Int32Array(sum.buffer)) mix(bits)
  return hash >>> 0
}
