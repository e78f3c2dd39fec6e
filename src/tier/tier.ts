/** The contract of a tier: train a task's examples to an artefact, load an artefact to raw scores. */

import type { ExampleId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { ExampleSet } from '../data/example.ts'
import type { Distribution, PredictOptions } from '../task/predictor.ts'
import type { Task, TaskInput, TaskKind, TaskOutput } from '../task/types.ts'

export type TierKind = 'nano' | 'micro' | 'mini'
export type ExportFormat = 'onnx' | 'web' | 'gguf' | 'peft'

export interface TrainOptions extends WorkOptions {
  readonly seed: number
  /** Wall time that training may take, where it was said. */
  readonly budgetMs?: number
  /** Name or alias of the base model to begin from, for tiers that have one; absent: the tier's own choice. */
  readonly base?: string
  /** True: what a smaller tier says will be pooled with this one's answers, so that it need not do so itself. */
  readonly pooledLater?: boolean
  /** Rank of an adapter that is trained in the place of the base's own layers, for tiers that can (`can.adapt`). */
  readonly lora?: number
  /** A folder for the checkpoints of this training: one that was broken off goes on from there by itself. */
  readonly checkpointFolder?: string
}

/** What a tier made: files to be published under these names, and what `load` must know besides. */
export interface Artefact {
  readonly tier: TierKind
  readonly taskKind: TaskKind
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The tier's own description (sizes, options chosen, scores on the inner validation rows). */
  readonly meta: { readonly [key: string]: Json }
  /** Where it is an adapter on a base that others share: its rank, and the bytes of its matrices. */
  readonly adapter?: { readonly rank: number; readonly sizeBytes: number }
  /** Raw predictions on rows held aside inside the training part: what the order of thresholds may be chosen by. */
  readonly heldAside: readonly HeldAside[]
}

export interface HeldAside {
  /** The training example that the row is; every tier says it, so that two tiers can be compared row by row. */
  readonly example?: ExampleId
  readonly score: number
  readonly correct: boolean
  /** 0..1, share of the answer's parts that are wrong, for tasks that promise by parts; absent: 0 where correct, else 1. */
  readonly loss?: number
  readonly noveltyScore: number
  /** As in a prediction, where the tier has one: what it may be stacked by with another tier's. */
  readonly distribution?: Distribution
}

/** Raw score of one part of an answer: a span, or a field. */
export interface RawPart {
  readonly name: string
  /** 0..1, larger means more likely right; only its order means anything. */
  readonly score: number
}

/** Scores, not yet probabilities to promise by: `trust/` turns them into a {@link Prediction}. */
export interface RawPrediction {
  readonly output: TaskOutput
  /** 0..1, larger means more likely right; only its order means anything. */
  readonly score: number
  /** Larger means less like the training inputs; only its order means anything. */
  readonly noveltyScore: number
  readonly distribution?: Distribution
  /** Of an answer of spans: one part a span, in the order of the output's spans. */
  readonly parts?: readonly RawPart[]
}

export interface RawPredictor {
  predict(inputs: readonly TaskInput[], options?: PredictOptions): Promise<readonly RawPrediction[]>
  /**
   * The same at once, for tiers of microseconds. Absent where a prediction would hold up the thread.
   * Texts above `inlineLimit` UTF-16 units must go through {@link predict}.
   */
  readonly inline?: { readonly inlineLimit: number; predict(input: TaskInput): RawPrediction }
  /** Bytes held in memory. */
  readonly sizeBytes: number
  dispose(): Promise<void>
}

export interface Tier {
  readonly kind: TierKind
  readonly can: {
    readonly train: readonly TaskKind[]
    /** Kinds for which it trains an adapter where one is asked for; absent: none. */
    readonly adapt?: readonly TaskKind[]
    readonly export: readonly ExportFormat[]
  }
  train(task: Task, examples: ExampleSet, options: TrainOptions): Promise<Artefact>
  load(artefact: Pick<Artefact, 'taskKind' | 'files' | 'meta'>): Promise<RawPredictor>
  /** Reads what all its artefacts share, so that loading the first of them holds up a server no longer than the next. */
  prepare?(): Promise<void>
}
