// From the emissions of a text to its spans, how sure each is, and how sure the whole answer is.
import { createBestTagsFinder } from '../../../model/crf/best-tags.ts'
import { createChain } from '../../../model/crf/chain.ts'
import type { ChainWeights } from '../../../model/crf/chain-weights.ts'
import type { TagScheme, TokenSpan } from '../../../model/crf/tag-scheme.ts'

/**
 * What the score of a whole answer is: `posterior`, the probability of exactly this answer among all; `weakest`, the
 * probability of its least certain tag.
 */
export const scoreNames = ['posterior', 'weakest'] as const
export type ScoreName = (typeof scoreNames)[number]

/** What is said of one text. */
export interface ChainJudgement {
  readonly spans: readonly TokenSpan[]
  /** Probability of each span, 0..1. */
  readonly spanScores: readonly number[]
  readonly scores: { readonly [N in ScoreName]: number }
}

/** Judges texts one by one. */
export interface ChainJudge {
  /** The best answer under T x K emissions, which stay as they are. */
  judge(emissions: Float32Array, length: number, weights: ChainWeights): ChainJudgement
}

/** A judge that reuses its memory. */
export function createChainJudge(scheme: TagScheme): ChainJudge {
  const { tagCount: K } = scheme
  const chain = createChain(scheme)
  const findBest = createBestTagsFinder(scheme)
  let marginals = new Float32Array(0)
  return {
    judge(emissions, length, weights) {
      if (length === 0) return { spans: [], spanScores: [], scores: { posterior: 1, weakest: 1 } }
      const { tags, score } = findBest(emissions, length, weights)
      const spans = scheme.decode(tags, length)
      const posterior = Math.min(1, Math.exp(score - chain.sum(emissions, length, weights)))
      if (marginals.length < length * K) marginals = new Float32Array(length * K * 2)
      marginals.fill(0, 0, length * K)
      chain.addTagMarginals(marginals)
      let weakest = 1
      for (let t = 0; t < length; t++) weakest = Math.min(weakest, marginals[t * K + tags[t]!]!)
      return { spans, spanScores: spans.map(chain.spanProbability), scores: { posterior, weakest } }
    },
  }
}
