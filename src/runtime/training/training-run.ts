/** What a training run is given, as data. */
import type { TrainingModel } from '../../onnx/lower-training.ts'
import type { Batch } from './batches.ts'
import type { Column } from './columns.ts'

/** One training as data: what is trained, from where, on what, in which order. */
export interface TrainingRun {
  /** What messages call it. */
  readonly name: string
  readonly model: TrainingModel
  /** The tensors that the states of `start: 'parameter'` begin with. */
  readonly start: ReadonlyMap<string, Float32Array>
  /** One a step of the optimizer, in order. */
  readonly batches: readonly Batch[]
  /** One for each batch tensor of the model. */
  readonly columns: readonly Column[]
  /** One for each schedule input of the model: its value at a step of so many, the first being 0. */
  readonly schedule: Readonly<Record<string, (step: number, steps: number) => number>>
  /** Seeds the dropout masks. */
  readonly seed: number
  /** Positions that are computed at once: a larger batch is parted (needs a step that accumulates, and a loss summed by a `share` column). */
  readonly microTokens?: number
  /** Bytes that a pass over a batch of so many rows and positions needs beside the state, see `activationBytes`. */
  readonly activationBytes: (axes: { readonly batch: number; readonly time: number }) => number
}
