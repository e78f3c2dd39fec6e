/** Makes a certificate and the calibration it holds with, from raw predictions judged on three disjoint parts of the rows. */
import type { Clock } from '../base/clock.ts'
import type { RiskTarget } from '../task/types.ts'
import type { HeldAside, RawPrediction } from '../tier/tier.ts'
import { type Calibration, confidenceOf, fitCalibration, type JudgedScore, noveltyOf } from './calibration.ts'
import { planCandidates } from './candidates.ts'
import type { Certificate } from './certificate.ts'
import { noveltyLimitFor } from './novelty-limit.ts'
import { type CertificateRefusal, refusalOf } from './refusal.ts'
import {
  answeredAt,
  type CandidateRow,
  loosestPassing,
  type PromiseOptions,
  riskBound,
  type TestedCandidate,
} from './threshold.ts'

/** A row that was held out, and the group that it belongs to, where rows may err together. */
export type HeldOut = HeldAside & { readonly group?: string }

export interface CertifyInput {
  readonly target: RiskTarget
  /** What is promised: whole answers where absent; of the judged rows the loss is then counted. */
  readonly promise?: 'parts'
  readonly wrongMeans: Certificate['wrongMeans']
  /** The artefact's own rows, from inside the training part: they fix the candidates and the novelty limit. */
  readonly heldAside: readonly HeldAside[]
  /** Raw predictions on the calibration rows, judged: they choose the threshold. */
  readonly calibration: readonly HeldOut[]
  /** Parts of the answers to the calibration rows, judged one by one, where answers have parts. */
  readonly parts?: readonly JudgedScore[]
  /** Raw predictions on the test rows, judged: they are reported and choose nothing. */
  readonly test: readonly HeldOut[]
  /** Rows the specialist was trained on, for the sentence that says how many more would be needed. */
  readonly trainRows: number
  readonly holdsFor: Certificate['holdsFor']
  readonly data: Certificate['data']
  readonly clock: Clock
}

export interface Certified {
  readonly certificate: Certificate
  /** What {@link calibratedPredictor} needs; the certificate's threshold is in its confidences. */
  readonly calibration: Calibration
}

/**
 * Raw predictions and whether each was right, in the form in which rows are certified; `losses` are the shares of wrong
 * parts, where the promise is about parts.
 */
export function judgedRows(
  predictions: readonly Pick<RawPrediction, 'score' | 'noveltyScore'>[],
  correct: readonly boolean[],
  losses?: readonly number[],
): readonly HeldAside[] {
  return predictions.map(({ score, noveltyScore }, row) => ({
    score,
    noveltyScore,
    correct: correct[row] === true,
    ...(losses && { loss: losses[row]! }),
  }))
}

/** Certifies a specialist; where nothing passes the certificate has no threshold, and says why. */
export function certify(input: CertifyInput): Certified {
  const judged = [...input.calibration, ...input.heldAside]
  const calibration = fitCalibration(judged, input.heldAside, input.parts)
  const noveltyLimit = noveltyLimitFor(input.heldAside.length)
  const asCandidate = (row: HeldOut): CandidateRow => ({
    score: confidenceOf(calibration, row.score),
    correct: row.correct,
    novel: noveltyOf(calibration, row.noveltyScore) > noveltyLimit,
    ...(row.loss !== undefined && { loss: row.loss }),
    ...(row.group !== undefined && { group: row.group }),
  })
  const promised: PromiseOptions = input.promise === undefined ? {} : { promise: input.promise }
  const rows = input.calibration.map(asCandidate)
  const plan = { target: input.target, calibrationRows: rows.length, ...promised }
  const candidates = planCandidates(input.heldAside, plan).map(({ score, share }) => ({
    score: confidenceOf(calibration, score),
    share,
  }))
  const chosen = loosestPassing(candidates, rows, input.target, promised)
  const testRows = input.test.map(asCandidate)
  const shownScore = chosen?.score ?? Number.POSITIVE_INFINITY
  const shown = answeredAt(testRows, shownScore, promised)
  const shownBound = riskBound(
    testRows,
    { ...shown, score: shownScore },
    { ...promised, delta: input.target.delta },
  )
  const allRows = input.trainRows + input.calibration.length + input.test.length
  const certificate: Certificate = {
    risk: input.target.risk,
    delta: input.target.delta,
    ...promised,
    ...(chosen === undefined ? {} : { threshold: chosen.score }),
    noveltyLimit,
    wrongMeans: input.wrongMeans,
    calibration: chosen === undefined ? nothing(rows.length) : observed(chosen),
    test: { ...shown, bound: shownBound },
    ...(chosen === undefined
      ? refused(
          refusalOf({
            rows,
            candidates,
            target: input.target,
            wrongMeans: input.wrongMeans,
            allRows,
            ...promised,
          }),
        )
      : {}),
    holdsFor: input.holdsFor,
    data: input.data,
    date: new Date(input.clock.nowMs()).toISOString(),
  }
  return { certificate, calibration }
}

function refused({
  sentence,
  moreExamples,
}: CertificateRefusal): Pick<Certificate, 'refusal' | 'moreExamples'> {
  return { refusal: sentence, ...(moreExamples !== undefined && { moreExamples }) }
}

function observed(candidate: TestedCandidate): Certificate['calibration'] {
  const { rows, n, errors, coverage, bound, meanLoss } = candidate
  return { rows, n, errors, coverage, bound, ...(meanLoss !== undefined && { meanLoss }) }
}

function nothing(rows: number): Certificate['calibration'] {
  return { rows, n: 0, errors: 0, coverage: 0, bound: 1 }
}
