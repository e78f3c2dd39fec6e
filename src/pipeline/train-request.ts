/** What a training run is given: what it works with, and what was asked for. */
import type { Clock } from '../base/clock.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { PlainBaseline } from '../eval/baseline.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tier } from '../tier/tier.ts'
import type { TaskEconomics } from './economics.ts'
import type { Teaching } from './teaching.ts'

export interface TrainShop {
  readonly tier: Tier
  readonly baselines: readonly PlainBaseline[]
  readonly registry: Registry
  readonly clock: Clock
  /** Version of Shoal, for the card. */
  readonly version: string
}

export interface TrainRequest extends WorkOptions {
  readonly seed: number
  readonly budgetMs?: number
  /** As in `TrainOptions`. */
  readonly base?: string
  readonly checkpointFolder?: string
  readonly pooledLater?: boolean
  readonly lora?: number
  /** Rows of each label to train on, for trying; absent: all. */
  readonly shots?: number
  /** A specialist that labels inputs for the training part; absent: the rows' own outputs are all there is. */
  readonly teaching?: Teaching
  /** True: the plain baselines and the findings about the data are left out of the report. */
  readonly withoutBaselines?: boolean
  /** What the task's calls cost, for the verdict; absent: money says nothing. */
  readonly economics?: TaskEconomics
}
