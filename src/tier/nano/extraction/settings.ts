// How taggers are made, chosen on the development parts of wnut17 and resume_ner.
import type { TaggerSettings } from '../../../model/crf/tagger-trainer.ts'
import type { FeatureMode } from './token-features.ts'

/** What is chosen for a way of reading. */
export interface ModeSettings extends TaggerSettings {
  /** Principal axes of the static table that are read, a multiple of 16. */
  readonly axes: number
  /** Features of fewer tokens than this have no weights. */
  readonly leastCount: number
  /** Taggers that are trained alike and averaged. */
  readonly members: number
}

/** Settings of each way of reading. */
export const modeSettings: { readonly [M in FeatureMode]: ModeSettings } = {
  words: {
    axes: 96,
    leastCount: 2,
    members: 3,
    pairRate: 0.1,
    margins: { any: 0.5, outside: 2 },
    sparse: { rate: 0.05, dropout: 0.4 },
    network: { hidden: 63, rate: 0.02, dropout: 0.4, tokenDropout: 0.05 },
  },
  characters: {
    axes: 64,
    leastCount: 1,
    members: 3,
    pairRate: 0.1,
    margins: { any: 0, outside: 0 },
    sparse: { rate: 0.1, dropout: 0.6 },
    network: { hidden: 63, rate: 0.01, dropout: 0.6, tokenDropout: 0.2 },
  },
}

/** Texts with fewer tokens than this keep every feature: what is seen once there may be all there is. */
export const fewTokens = 5000

/** Passes over the texts at most; rows held aside say how many are best. */
export const mostEpochs = 6

/** What may be taken off the score of the tag outside of spans: without it rare entities are hardly ever found. */
export const outsideBiases = [0, 0.5, 1, 1.5, 2] as const
