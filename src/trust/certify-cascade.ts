/** Makes the one certificate of a cascade of two specialists: its promise is about the answers of both together. */
import type { SpecialistId } from '../base/ids.ts'
import { type Calibration, confidenceOf, fitCalibration, type JudgedScore, noveltyOf } from './calibration.ts'
import {
  type CascadePlan,
  firstAnswers,
  onlyFirst,
  type PairedRow,
  planCascade,
  type StageScale,
} from './cascade-plan.ts'
import type { Certificate, CertifiedStage, StageCounts } from './certificate.ts'
import { type CertificateTerms, certifyRows } from './certify.ts'
import { noveltyLimitFor } from './novelty-limit.ts'
import type { CandidateRow } from './threshold.ts'

export interface CertifyCascadeInput extends CertificateTerms {
  /** The specialist that is asked first, as it was published: its calibration and novelty limit stay. */
  readonly first: StageScale & { readonly id: SpecialistId }
  readonly second: {
    readonly id: SpecialistId
    /** Novelty scores of the rows that it held aside. */
    readonly heldAside: readonly { readonly noveltyScore: number }[]
    /** Parts of its answers to the calibration rows, judged one by one, where answers have parts. */
    readonly parts?: readonly JudgedScore[]
  }
  /** Rows inside the training part that neither had seen when it answered them: they fix opening and candidates. */
  readonly heldAside: readonly PairedRow[]
  readonly calibration: readonly PairedRow[]
  readonly test: readonly PairedRow[]
}

export interface CertifiedCascade {
  readonly certificate: Certificate
  /** Of the second specialist; its confidence is that of calls which the first has left to it. */
  readonly calibration: Calibration
  readonly plan: CascadePlan
}

/** Certifies a cascade; where nothing passes the certificate has no thresholds, and says why. */
export function certifyCascade(input: CertifyCascadeInput): CertifiedCascade {
  const { first, target, promise } = input
  const second = secondScale(input)
  const calibrationRows = input.calibration.length
  const plan = planCascade(input.heldAside, {
    ...{ first, second, target, calibrationRows },
    ...(promise && { promise }),
  })
  const isFirst = (row: PairedRow): boolean => firstAnswers(row.first, { opening: plan.opening, first })
  const left = [...input.calibration, ...input.heldAside].filter((row) => !isFirst(row))
  // Rows that the first answers were fixed before; of the rest the map keeps the order, as of one specialist alone.
  const calibration: Calibration = {
    ...fitCalibration(
      left.map((row) => row.second),
      [],
      input.second.parts,
    ),
    novelty: second.calibration.novelty,
  }
  const asServed = (row: PairedRow): CandidateRow =>
    candidateRow(row, isFirst(row), { ...second, calibration })
  const candidates = plan.candidates.map(({ score, share }) => ({
    score: score === onlyFirst ? 1 : confidenceOf(calibration, score),
    share,
  }))
  const rows = { calibration: input.calibration.map(asServed), test: input.test.map(asServed) }
  const certificate = certifyRows(input, { candidates, noveltyLimit: second.noveltyLimit, ...rows })
  return {
    certificate: { ...certificate, stages: stagesOf(input, { plan, certificate, rows }) },
    calibration,
    plan,
  }
}

function secondScale({ second }: CertifyCascadeInput): StageScale {
  return {
    calibration: fitCalibration([], second.heldAside),
    noveltyLimit: noveltyLimitFor(second.heldAside.length),
  }
}

function candidateRow(
  { first, second, group }: PairedRow,
  isFirst: boolean,
  scale: StageScale,
): CandidateRow {
  const { correct, loss } = isFirst ? first : second
  return {
    score: isFirst ? onlyFirst : confidenceOf(scale.calibration, second.score),
    correct,
    novel: !isFirst && noveltyOf(scale.calibration, second.noveltyScore) > scale.noveltyLimit,
    ...(loss !== undefined && { loss }),
    ...(group !== undefined && { group }),
  }
}

interface Decided {
  readonly plan: CascadePlan
  readonly certificate: Certificate
  readonly rows: { readonly [part in 'calibration' | 'test']: readonly CandidateRow[] }
}

function stagesOf(
  { first, second }: CertifyCascadeInput,
  { plan, certificate, rows }: Decided,
): readonly CertifiedStage[] {
  const { threshold, noveltyLimit } = certificate
  const opening =
    threshold === undefined || plan.opening === undefined
      ? undefined
      : confidenceOf(first.calibration, plan.opening)
  const countsOf = (part: 'calibration' | 'test', isFirst: boolean): StageCounts =>
    threshold === undefined ? { n: 0, errors: 0 } : counted(rows[part], threshold, isFirst)
  return [
    {
      specialist: first.id,
      ...(opening !== undefined && { threshold: opening }),
      noveltyLimit: first.noveltyLimit,
      calibration: countsOf('calibration', true),
      test: countsOf('test', true),
    },
    {
      specialist: second.id,
      ...(threshold !== undefined && { threshold }),
      noveltyLimit,
      calibration: countsOf('calibration', false),
      test: countsOf('test', false),
    },
  ]
}

function counted(rows: readonly CandidateRow[], threshold: number, isFirst: boolean): StageCounts {
  const own = rows.filter(
    ({ score, novel }) => (score === onlyFirst) === isFirst && !novel && score >= threshold,
  )
  return { n: own.length, errors: own.filter(({ correct }) => !correct).length }
}
