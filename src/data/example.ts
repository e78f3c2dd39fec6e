/** One input with its right output and where that came from. */
import type { Sha256 } from '../base/hash.ts'
import type { ExampleId } from '../base/ids.ts'
import type { Distribution } from '../task/predictor.ts'
import type { TaskInput, TaskOutput } from '../task/types.ts'

/** `teacher`: the upstream's answer; `human`: a person's; `gold`: a labelled data set's; `synthetic`: made by a program. */
export type ExampleSource = 'teacher' | 'human' | 'gold' | 'synthetic'

export interface Example {
  /** Digest of the input: rows with the same input have the same id. */
  readonly id: ExampleId
  readonly input: TaskInput
  readonly output: TaskOutput
  /** The teacher's probabilities, where it gave them. */
  readonly soft?: Distribution
  readonly source: ExampleSource
  /** How much the row counts in training; 1 is usual. */
  readonly weight: number
  /** Rows of one group never straddle a split. */
  readonly group?: string
  /** True for an audited call: drawn at random from all that came, unlike the escalated ones. */
  readonly isFairSample?: boolean
}

/** Rows for one purpose, and the digest of their ids and outputs, in order. */
export interface ExampleSet {
  readonly examples: readonly Example[]
  readonly digest: Sha256
}

/** Three parts that share no group and no duplicate. */
export interface Splits {
  readonly train: ExampleSet
  readonly calibration: ExampleSet
  readonly test: ExampleSet
}
