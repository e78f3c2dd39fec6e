/** The certificate: how many calls a specialist may answer at the error that the task allows, and the sample that shows it. */
import type { Sha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'

/** Counts above the threshold on one part of the rows. */
export interface Observed {
  /** Rows that the part has. */
  readonly rows: number
  /** Rows answered: confident enough and not novel. */
  readonly n: number
  /** Answered rows whose answer is wrong. */
  readonly errors: number
  /** n / rows. */
  readonly coverage: number
  /** Mean share of wrong parts in the answered rows, where the promise is about parts. */
  readonly meanLoss?: number
}

export interface Certificate {
  /** What the risk is about: whole answers (absent), or the mean share of wrong parts in an answer. */
  readonly promise?: 'parts'
  readonly risk: number
  readonly delta: number
  /** Calibrated confidence from which a call is answered locally; absent: nothing may be answered (coverage 0). */
  readonly threshold?: number
  /** Novelty above which a call goes upstream whatever its confidence. */
  readonly noveltyLimit: number
  /** What "wrong" means here: differs from a right answer, or only from the upstream's. */
  readonly wrongMeans: 'error' | 'disagreement'
  readonly calibration: Observed & {
    /** Upper bound of the risk at level delta: exact (Clopper-Pearson) for whole answers, by betting for parts and for rows in groups. */ readonly bound: number
  }
  readonly test: Observed & { readonly bound: number }
  /** Why coverage is 0 and how many more examples would be needed; absent where a threshold passed. */
  readonly refusal?: string
  /** Examples beyond those there are with which a threshold would pass if the rates stay as they look. */
  readonly moreExamples?: number
  /** What the promise holds for; when one of these changes it is void. A digest is the registry's `specialistDigest`. */
  readonly holdsFor: {
    readonly specialists: readonly { readonly id: SpecialistId; readonly digest: Sha256 }[]
    readonly template?: Sha256
    readonly maskingVersion: number
    readonly upstream?: string
  }
  readonly data: { readonly train: Sha256; readonly calibration: Sha256; readonly test: Sha256 }
  /** ISO 8601, UTC. */
  readonly date: string
}
