// How taggers are trained, chosen on the development parts of wnut17 and resume_ner: one table, as data.
import type { SchemeName } from '../../../model/crf/tag-scheme.ts'
import type { FeatureMode } from '../../nano/extraction/token-features.ts'
import type { FineTuneRecipe } from '../recipe.ts'

export interface TaggerRecipe extends Omit<FineTuneRecipe, 'layers'> {
  readonly scheme: SchemeName
  /** True: what the encoder's pieces do not say of how words are written is told beside them. */
  readonly shapes: boolean
  /** Trained once more on all rows after the rows held aside were judged by a model that had not seen them. */
  readonly refit: boolean
  /** Tokens of a batch at most, padding included. */
  readonly batchTokens: number
}

/** What a recipe is chosen by. */
export interface TaggerFacts {
  readonly mode: FeatureMode
  readonly rows: number
  readonly labels: number
}

const common = {
  refit: true,
  batchRows: 32,
  batchTokens: 4096,
  layerDecay: 1,
  weightDecay: 0.01,
  warmup: 0.1,
  labelSmoothing: 0,
  clipNorm: 1,
  maxTokens: 256,
} as const

const recipes: { readonly [M in FeatureMode]: Omit<TaggerRecipe, keyof typeof common> } = {
  words: {
    ...{ scheme: 'bio', shapes: true, epochs: 4, learningRate: 3e-4, headRate: 4 },
    dropout: { hidden: 0.1, attention: 0 },
  },
  characters: {
    ...{ scheme: 'bioes', shapes: false, epochs: 5, learningRate: 4e-4, headRate: 5 },
    dropout: { hidden: 0.1, attention: 0 },
  },
}

/** The recipe for a task of so many rows and labels. */
export function chooseTaggerRecipe({ mode }: TaggerFacts): TaggerRecipe {
  return { ...common, ...recipes[mode] }
}
