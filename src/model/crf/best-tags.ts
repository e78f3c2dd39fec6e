// The best chain of tags over a text (Viterbi 1967); only valid ones come into question.
import type { ChainWeights } from './chain-weights.ts'
import type { TagScheme } from './tag-scheme.ts'

/** Tags and their score; the tags are written over by the next text. */
export interface BestTags {
  readonly tags: Uint8Array
  readonly score: number
}

/** Finds the best tags under T x K emissions of one text after another. */
export type BestTagsFinder = (emissions: Float32Array, length: number, weights: ChainWeights) => BestTags

/** A finder that reuses its memory. */
export function createBestTagsFinder({ tagCount: K, from, to, canStart, canEnd }: TagScheme): BestTagsFinder {
  const [current, next] = [new Float64Array(K), new Float64Array(K)]
  let [tags, pointers] = [new Uint8Array(0), new Uint8Array(0)]

  function advance(emissions: Float32Array, row: number, pairs: Float32Array): void {
    next.fill(-Infinity)
    for (let p = 0; p < from.length; p++) {
      const score = current[from[p]!]! + pairs[p]!
      const k = to[p]!
      if (score <= next[k]!) continue
      next[k] = score
      pointers[row + k] = from[p]!
    }
    for (let k = 0; k < K; k++) current[k] = next[k]! + emissions[row + k]!
  }

  function trace(last: number, length: number): void {
    let tag = last
    for (let t = length - 1; t >= 0; t--) {
      tags[t] = tag
      tag = pointers[t * K + tag]!
    }
  }

  return (emissions, length, { pairs, starts, ends }) => {
    if (tags.length < length) {
      tags = new Uint8Array(length * 2)
      pointers = new Uint8Array(length * 2 * K)
    }
    if (length === 0) return { tags, score: 0 }
    for (let k = 0; k < K; k++) current[k] = canStart[k] ? starts[k]! + emissions[k]! : -Infinity
    for (let t = 1; t < length; t++) advance(emissions, t * K, pairs)
    let last = 0
    let score = -Infinity
    for (let k = 0; k < K; k++) {
      if (!canEnd[k] || current[k]! + ends[k]! <= score) continue
      score = current[k]! + ends[k]!
      last = k
    }
    trace(last, length)
    return { tags, score }
  }
}
