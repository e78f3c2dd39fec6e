// How much of an encoder is trained, and how: one table, so that what was found by experiments is data. Rates are those
// of AdamW; the learning rate of a layer falls by `layerDecay` with each layer below the top.
import type { EncoderConfig } from '../../model/encoder/encoder-config.ts'
import { type LoraForm, usualLora } from '../../model/encoder/lora.ts'

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

/** The same for classification: in two stages, so that rows held aside are judged by a model that had not seen them. */
export interface ClassifierTuning extends FineTuneRecipe {
  /** Epochs over all rows after `epochs` without the rows held aside. */
  readonly finish: { readonly epochs: number; readonly learningRate: number }
  /** Factor of the cosines that are the logits of tasks of one label. */
  readonly steepness: number
  /** True: a label's name, where it is words, is one more row of its class. */
  readonly labelNames: boolean
  /** An adapter that trains with the head, beside a base that stays as it is; absent: the base's layers train. */
  readonly adapter?: LoraForm
}

export interface Recipe {
  readonly head: HeadRecipe
  /** Absent: the encoder stays as it is. */
  readonly fineTune?: ClassifierTuning
}

/** What a recipe is chosen by. */
export interface RecipeFacts {
  readonly rows: number
  /** Of all rows together. */
  readonly tokens: number
  readonly classes: number
  readonly config: EncoderConfig
  /** Rank of the adapter that was asked for. */
  readonly lora?: number
}

const head: HeadRecipe = { cost: 30, steps: 300, learningRate: 0.05, batchRows: 8192 }

const common = {
  layerDecay: 0.8,
  weightDecay: 0.01,
  warmup: 0.1,
  labelSmoothing: 0,
  dropout: { hidden: 0.1, attention: 0 },
  clipNorm: 1,
} as const

/** By rows in all: below a few hundred; by rows a class: few or many; by the time that a pass over many takes. */
type Size = 'tiny' | 'few' | 'many' | 'large'

const recipes: { readonly [S in Size]: Omit<ClassifierTuning, keyof typeof common> } = {
  tiny: {
    ...{ layers: 4, epochs: 6, batchRows: 16, learningRate: 1e-4, headRate: 1, maxTokens: 96 },
    ...{ finish: { epochs: 6, learningRate: 1e-4 }, steepness: 12, labelNames: true },
  },
  few: {
    ...{ layers: 6, epochs: 6, batchRows: 32, learningRate: 3e-4, headRate: 1, maxTokens: 96 },
    ...{ finish: { epochs: 6, learningRate: 3e-4 }, steepness: 12, labelNames: true },
  },
  many: {
    ...{ layers: 6, epochs: 3, batchRows: 64, learningRate: 3e-4, headRate: 10, maxTokens: 128 },
    ...{ finish: { epochs: 2, learningRate: 2e-4 }, steepness: 20, labelNames: false },
  },
  large: {
    ...{ layers: 6, epochs: 2, batchRows: 64, learningRate: 2e-4, headRate: 10, maxTokens: 128 },
    ...{ finish: { epochs: 1, learningRate: 1e-4 }, steepness: 20, labelNames: false },
  },
}

interface LoraRates {
  readonly learningRate: number
  readonly headRate: number
  /** As the learning rate of `ClassifierTuning.finish`. */
  readonly finish: number
}

/**
 * Learning rates where an adapter trains: it has far fewer numbers than layers, at higher rates; the head's are those of
 * the other recipes.
 */
const loraRates: { readonly [S in Size]: LoraRates } = {
  tiny: { learningRate: 2e-3, headRate: 0.05, finish: 2e-3 },
  few: { learningRate: 2e-3, headRate: 0.15, finish: 2e-3 },
  many: { learningRate: 2e-3, headRate: 1.5, finish: 1.3e-3 },
  large: { learningRate: 2e-3, headRate: 1, finish: 1e-3 },
}

/** Below this many rows a class they are few. */
const fewRowsPerClass = 50

/** Steps of a stage at least: what few rows need is passes, not rows. */
const leastSteps = 20

const tinyRows = 256

/** From this many tokens on a pass takes minutes, and shows enough to need fewer passes. */
const largeTokens = 500_000

function sizeOf({ rows, tokens, classes }: RecipeFacts): Size {
  if (rows >= fewRowsPerClass * classes) return tokens < largeTokens ? 'many' : 'large'
  return rows < tinyRows ? 'tiny' : 'few'
}

/** The recipe for a task of so many rows and classes. */
export function chooseRecipe(facts: RecipeFacts): Recipe {
  const size = sizeOf(facts)
  const recipe = recipes[size]
  const { layers, epochs, finish, batchRows } = recipe
  const atLeast = (own: number): number => Math.max(own, Math.ceil((leastSteps * batchRows) / facts.rows))
  const sized = {
    ...{ layers: Math.min(layers, facts.config.layers), epochs: atLeast(epochs) },
    finish: { ...finish, epochs: atLeast(finish.epochs) },
  }
  const fineTune = { ...common, ...recipe, ...sized }
  return {
    head,
    fineTune:
      facts.lora === undefined
        ? fineTune
        : withAdapter(fineTune, { ...facts, ...loraRates[size], rank: facts.lora }),
  }
}

/** The same for an adapter beside all layers, none of which trains. */
function withAdapter(
  tuning: ClassifierTuning,
  {
    rank,
    config,
    learningRate,
    headRate,
    finish,
  }: LoraRates & { readonly rank: number; readonly config: EncoderConfig },
): ClassifierTuning {
  return {
    ...tuning,
    ...{ adapter: usualLora(rank), layers: config.layers, layerDecay: 1, learningRate, headRate },
    finish: { ...tuning.finish, learningRate: finish },
  }
}
