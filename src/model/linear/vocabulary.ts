// The n-grams that a model keeps: their codes in order, found by a bucket index, and a one-byte weight each.
// Fewer rows than a hashed table of the same quality would need, and no two n-grams share one by design.
import type { TermStatistics } from './term-weights.ts'

/** Kept n-grams; row `r` of a model's weights belongs to `codes[r]`. */
export interface Vocabulary {
  readonly size: number
  /** V codes, ascending. */
  readonly codes: Uint32Array
  /** V levels of {@link levelWeights}. */
  readonly levels: Uint8Array
  /** Row of a code, -1 where it is not kept. */
  rowOf(code: number): number
}

const weightPower = 0.75 // of the divergence: 0.5 to 1 are alike, 0.75 is never the worst
const levelsPerDoubling = 16
const largestWeight = 16

/** Weight of each level: 256 steps of a sixteenth of a doubling, downwards from 16. */
export const levelWeights = Float32Array.from(
  { length: 256 },
  (_, level) => largestWeight * 2 ** ((level - 255) / levelsPerDoubling),
)

/** Makes the look-up over codes in ascending order. */
export function createVocabulary(codes: Uint32Array, levels: Uint8Array): Vocabulary {
  const bits = Math.min(22, Math.max(4, Math.ceil(Math.log2(codes.length + 1))))
  const shift = 32 - bits
  const bucketStarts = new Uint32Array((1 << bits) + 1)
  for (const code of codes) bucketStarts[(code >>> shift) + 1]!++
  for (let bucket = 0; bucket < 1 << bits; bucket++) bucketStarts[bucket + 1]! += bucketStarts[bucket]!
  return {
    size: codes.length,
    codes,
    levels,
    rowOf(code) {
      const bucket = code >>> shift
      const end = bucketStarts[bucket + 1]!
      for (let row = bucketStarts[bucket]!; row < end; row++) if (codes[row] === code) return row
      return -1
    },
  }
}

/** Keeps the terms that tell most about the class over all rows: the largest frequency times divergence. */
export function selectVocabulary(
  codes: Uint32Array,
  { frequency, divergence }: TermStatistics,
  largestSize: number,
): Vocabulary {
  const gain = Float32Array.from(frequency, (n, term) => n * divergence[term]!)
  let kept = Uint32Array.from(frequency.keys()).filter((term) => frequency[term]! > 0)
  if (kept.length > largestSize) {
    const threshold = Float32Array.from(kept, (term) => gain[term]!).sort()[kept.length - largestSize]!
    const above = kept.filter((term) => gain[term]! > threshold)
    const equal = kept.filter((term) => gain[term] === threshold)
    kept = Uint32Array.from([...above, ...equal.subarray(0, largestSize - above.length)])
  }
  kept.sort((a, b) => codes[a]! - codes[b]!)
  return createVocabulary(
    kept.map((term) => codes[term]!),
    Uint8Array.from(kept, (term) => levelOf(divergence[term]! ** weightPower)),
  )
}

function levelOf(weight: number): number {
  const level = Math.round(255 + Math.log2(Math.max(weight, 1e-9) / largestWeight) * levelsPerDoubling)
  return Math.min(255, Math.max(0, level))
}
