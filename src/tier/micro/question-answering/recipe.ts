// How readers are trained: one table, as data.
import type { EncoderConfig } from '../../../model/encoder/encoder-config.ts'
import type { FineTuneRecipe } from '../recipe.ts'
import type { WindowLimits } from './question-windows.ts'

export interface ReaderRecipe extends Omit<FineTuneRecipe, 'layers' | 'labelSmoothing' | 'maxTokens'> {
  /** Tokens of a batch at most, padding included. */
  readonly batchTokens: number
  /** Weight of the loss of presence, beside that of the places. */
  readonly presenceWeight: number
  /** Share of the answered rows of which a window without the answer is learnt from too. */
  readonly decoys: number
  /** Tokens of a window that is learnt from. */
  readonly learntTokens: number
  /** What is read when a question is asked. */
  readonly windows: WindowLimits
  /** Tokens of an answer at most. */
  readonly answerTokens: number
}

/** What a recipe is chosen by. */
export interface ReaderFacts {
  readonly rows: number
  readonly config: EncoderConfig
}

const usual: ReaderRecipe = {
  epochs: 4,
  batchRows: 16,
  batchTokens: 4096,
  learningRate: 1e-4,
  headRate: 10,
  layerDecay: 1,
  weightDecay: 0.01,
  warmup: 0.1,
  dropout: { hidden: 0.1, attention: 0 },
  clipNorm: 1,
  presenceWeight: 1,
  decoys: 0.25,
  learntTokens: 128,
  windows: { tokens: 256, questionTokens: 48, most: 16 },
  answerTokens: 30,
}

/** The recipe for a task of so many rows. */
export function chooseReaderRecipe(_: ReaderFacts): ReaderRecipe {
  return usual
}
