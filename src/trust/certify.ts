/** Makes a certificate and the calibration it holds with, from raw predictions judged on three disjoint parts of the rows. */
import type { Clock } from '../base/clock.ts'
import type { RiskTarget } from '../task/types.ts'
import type { HeldAside, RawPrediction } from '../tier/tier.ts'
import { type Calibration, confidenceOf, fitCalibration, type JudgedScore, noveltyOf } from './calibration.ts'
import { type Candidate, planCandidates } from './candidates.ts'
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

/** What every certificate is made for and out of, whoever answers. */
export interface CertificateTerms {
  readonly target: RiskTarget
  /** What is promised: whole answers where absent; of the judged rows the loss is then counted. */
  readonly promise?: 'parts'
  readonly wrongMeans: Certificate['wrongMeans']
  /** Rows the specialist was trained on, for the sentence that says how many more would be needed. */
  readonly trainRows: number
  readonly holdsFor: Certificate['holdsFor']
  readonly data: Certificate['data']
  readonly clock: Clock
}

export interface CertifyInput extends CertificateTerms {
  /** The artefact's own rows, from inside the training part: they fix the candidates and the novelty limit. */
  readonly heldAside: readonly HeldAside[]
  /** Raw predictions on the calibration rows, judged: they choose the threshold. */
  readonly calibration: readonly HeldOut[]
  /** Parts of the answers to the calibration rows, judged one by one, where answers have parts. */
  readonly parts?: readonly JudgedScore[]
  /** Raw predictions on the test rows, judged: they are reported and choose nothing. */
  readonly test: readonly HeldOut[]
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
  const plan = { target: input.target, calibrationRows: input.calibration.length, ...promiseOf(input) }
  const candidates = planCandidates(input.heldAside, plan).map(({ score, share }) => ({
    score: confidenceOf(calibration, score),
    share,
  }))
  const certificate = certifyRows(input, {
    candidates,
    noveltyLimit,
    calibration: input.calibration.map(asCandidate),
    test: input.test.map(asCandidate),
  })
  return { certificate, calibration }
}

/** Rows in the scale of the candidates, and the candidates in their order. */
export interface ServedRows {
  readonly candidates: readonly Candidate[]
  readonly noveltyLimit: number
  readonly calibration: readonly CandidateRow[]
  readonly test: readonly CandidateRow[]
}

/** The certificate of what answers these rows: the loosest candidate that passes on the calibration rows, shown on the test rows. */
export function certifyRows(terms: CertificateTerms, served: ServedRows): Certificate {
  const { target, wrongMeans, holdsFor, data } = terms
  const promised = promiseOf(terms)
  const { candidates, calibration: rows, test } = served
  const chosen = loosestPassing(candidates, rows, target, promised)
  const score = chosen?.score ?? Number.POSITIVE_INFINITY
  const shown = answeredAt(test, score, promised)
  const bound = riskBound(test, { ...shown, score }, { ...promised, delta: target.delta })
  const allRows = terms.trainRows + rows.length + test.length
  return {
    risk: target.risk,
    delta: target.delta,
    ...promised,
    ...(chosen === undefined ? {} : { threshold: chosen.score }),
    noveltyLimit: served.noveltyLimit,
    wrongMeans,
    calibration: chosen === undefined ? nothing(rows.length) : observed(chosen),
    test: { ...shown, bound },
    ...(chosen === undefined
      ? refused(refusalOf({ rows, candidates, target, wrongMeans, allRows, ...promised }))
      : {}),
    holdsFor,
    data,
    date: new Date(terms.clock.nowMs()).toISOString(),
  }
}

function promiseOf({ promise }: Pick<CertificateTerms, 'promise'>): PromiseOptions {
  return promise === undefined ? {} : { promise }
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
