/** Whatever answers a task's inputs: a certified specialist, a cascade, the upstream. `eval/` judges all by the same code. */
import type { TaskInput, TaskOutput } from './types.ts'

/** Probabilities over the labels of a closed output space, in the space's order, summing to 1. */
export interface Distribution {
  readonly labels: readonly string[]
  readonly probabilities: Float32Array | readonly number[]
}

/** Confidence of a part of an answer, such as a span or a field. */
export interface Part {
  readonly name: string
  readonly confidence: number
}

export interface Prediction {
  readonly output: TaskOutput
  /** 0..1, calibrated probability that the output is right. */
  readonly confidence: number
  /** 0..1, how unlike the training inputs; 0 = typical. */
  readonly novelty: number
  readonly distribution?: Distribution
  readonly parts?: readonly Part[]
  /** Of a cascade, whose specialists have a gate each: whether that of the one that says this lets it answer. */
  readonly mayAnswer?: boolean
}

/** A piece of a streamed answer. */
export interface TextDelta {
  readonly text: string
}

export interface PredictOptions {
  readonly signal?: AbortSignal
  /** In a cascade: what the specialist that was asked before said of each input. */
  readonly earlier?: readonly (Distribution | undefined)[]
}

export interface Predictor {
  predict(inputs: readonly TaskInput[], options?: PredictOptions): Promise<readonly Prediction[]>
  stream?(input: TaskInput, options?: PredictOptions): AsyncIterable<TextDelta>
  dispose(): Promise<void>
}
