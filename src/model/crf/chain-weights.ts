// What neighbouring tags add to a chain's score.
import type { TagScheme } from './tag-scheme.ts'

/** What neighbouring tags, and the first and the last one, add to a chain's score. */
export interface ChainWeights {
  /** One an allowed pair, in the scheme's order. */
  readonly pairs: Float32Array
  /** One a tag; not read for tags that cannot stand there. */
  readonly starts: Float32Array
  readonly ends: Float32Array
}

/** Weights of zero. */
export function zeroChainWeights({ from, tagCount }: TagScheme): ChainWeights {
  return {
    pairs: new Float32Array(from.length),
    starts: new Float32Array(tagCount),
    ends: new Float32Array(tagCount),
  }
}

/** Number of each allowed pair at `from · tags + to`, -1 for the others. */
export function pairTable({ from, to, tagCount: K }: TagScheme): Int16Array {
  const table = new Int16Array(K * K).fill(-1)
  for (let p = 0; p < from.length; p++) table[from[p]! * K + to[p]!] = p
  return table
}
