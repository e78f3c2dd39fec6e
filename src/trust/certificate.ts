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

/** One specialist of a cascade: from when on it answers, and how often it was the one that did. */
export interface CertifiedStage {
  readonly specialist: SpecialistId
  /** Calibrated confidence from which it answers; absent: it answers nothing. */
  readonly threshold?: number
  readonly noveltyLimit: number
  /** Rows that it answered, and answered wrongly. */
  readonly calibration: StageCounts
  readonly test: StageCounts
}

/** Rows that one specialist of a cascade answered. */
export type StageCounts = Pick<Observed, 'n' | 'errors'>

export interface Certificate {
  /** What the risk is about: whole answers (absent), or the mean share of wrong parts in an answer. */
  readonly promise?: 'parts'
  readonly risk: number
  readonly delta: number
  /**
   * Calibrated confidence from which a call is answered locally; absent: nothing may be answered (coverage 0).
   * Of a cascade it is that of the last specialist.
   */
  readonly threshold?: number
  /** Novelty above which a call goes upstream whatever its confidence. */
  readonly noveltyLimit: number
  /**
   * The specialists of a cascade in the order in which they are asked; the promise is about the answers of all
   * together. Absent: there is one.
   */
  readonly stages?: readonly CertifiedStage[]
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

/** From which confidence on, and up to which novelty, a specialist that a certificate names may answer. */
export function stageGate(
  { threshold, noveltyLimit, stages }: Pick<Certificate, 'threshold' | 'noveltyLimit' | 'stages'>,
  specialist: SpecialistId,
): { readonly threshold?: number; readonly noveltyLimit: number } {
  const stage = stages?.find((one) => one.specialist === specialist) ?? { threshold, noveltyLimit }
  return {
    noveltyLimit: stage.noveltyLimit,
    ...(threshold !== undefined && stage.threshold !== undefined && { threshold: stage.threshold }),
  }
}
