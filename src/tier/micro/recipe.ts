// How much of an encoder is trained, and how: one table, so that what was found by experiments is data. Rates are those
// of AdamW; the learning rate of a layer falls by `layerDecay` with each layer below the top.
import type { EncoderConfig } from '../../model/encoder/encoder-config.ts'

/** A regularised linear head on the vectors of a frozen encoder: multinomial logistic regression. */
export interface HeadRecipe {
  /** Strength of the data beside the penalty ½‖W‖², as scikit-learn's `C`. */
  readonly cost: number
  readonly steps: number
  readonly learningRate: number
  /** Rows of a step at most. */
  readonly batchRows: number
}

/** The upper layers and the head, trained together after the head alone. */
export interface FineTuneRecipe {
  /** Layers that are trained, from the top; all of them: the embeddings' normalisation too, tables never. */
  readonly layers: number
  readonly epochs: number
  readonly batchRows: number
  readonly learningRate: number
  /** Times the learning rate, for the head. */
  readonly headRate: number
  readonly layerDecay: number
  readonly weightDecay: number
  /** Share of the steps in which the learning rate rises. */
  readonly warmup: number
  readonly labelSmoothing: number
  readonly dropout: { readonly hidden: number; readonly attention: number }
  readonly clipNorm: number
  /** Tokens of a text at most, in training. */
  readonly maxTokens: number
}

export interface Recipe {
  readonly head: HeadRecipe
  /** Absent: the encoder stays as it is. */
  readonly fineTune?: FineTuneRecipe
}

/** What a recipe is chosen by. */
export interface RecipeFacts {
  readonly rows: number
  readonly classes: number
  readonly config: EncoderConfig
}

const head: HeadRecipe = { cost: 30, steps: 300, learningRate: 0.05, batchRows: 8192 }

const fineTune: FineTuneRecipe = {
  layers: 3,
  epochs: 4,
  batchRows: 32,
  learningRate: 2e-4,
  headRate: 5,
  layerDecay: 0.8,
  weightDecay: 0.01,
  warmup: 0.06,
  labelSmoothing: 0.05,
  dropout: { hidden: 0.1, attention: 0 },
  clipNorm: 1,
  maxTokens: 128,
}

/** Below this many rows a class only the head is trained. */
const fewRowsPerClass = 50

/** The recipe for a task of so many rows and classes. */
export function chooseRecipe({ rows, classes, config }: RecipeFacts): Recipe {
  if (rows < fewRowsPerClass * classes) return { head }
  return { head, fineTune: { ...fineTune, layers: Math.min(fineTune.layers, config.layers) } }
}
