/** What the cascade asks: a loaded, calibrated specialist with its certificate, and a task with the specialists that serve it. */
import type { Sha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Task } from '../task/types.ts'
import type { TierKind } from '../tier/tier.ts'
import type { CalibratedPredictor } from '../trust/calibrated-predictor.ts'
import type { Certificate } from '../trust/certificate.ts'
import type { Typical } from '../trust/drift.ts'

export interface ServedSpecialist {
  readonly id: SpecialistId
  readonly tier: TierKind
  readonly digest: Sha256
  readonly predictor: CalibratedPredictor
  /** Of the version that is promoted: in a cascade it is about the answers of all its specialists together. */
  readonly certificate: Certificate
  /** The version whose certificate that is: of all but the last specialist of a cascade another than its own. */
  readonly certifiedAs: SpecialistId
  /** From which confidence on, and up to which novelty, the certificate lets this one answer. */
  readonly gate: { readonly threshold?: number; readonly noveltyLimit: number }
  /** What it says of typical inputs; absent on cards of before that was kept. */
  readonly typical?: Typical
  /** True where the certificate names another template, masking or specialist than the one that is loaded. */
  readonly isVoid: boolean
  /** See `trust/signature.ts`. */
  readonly servedBy: string
}

/** A task, and its promoted specialists from the cheapest tier up: of one version, and so under one certificate. */
export interface ServedTask {
  readonly task: Task
  readonly specialists: readonly ServedSpecialist[]
}
