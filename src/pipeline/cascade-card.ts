/** How a cascade answers as it is served: the version that was just trained behind one that was published before. */
import type { SpecialistId } from '../base/ids.ts'
import { judge, judgedParts } from '../eval/judge.ts'
import { specialistDigest } from '../registry/manifest-file.ts'
import type { SpecialistReference } from '../registry/registry.ts'
import { wilson } from '../stats/interval.ts'
import type { Prediction } from '../task/predictor.ts'
import type { RawPrediction } from '../tier/tier.ts'
import { calibratedPrediction } from '../trust/calibrated-predictor.ts'
import type { Card } from '../trust/card.ts'
import type { PairedRow } from '../trust/cascade-plan.ts'
import { passesGate } from '../trust/cascade-predictor.ts'
import type { HeldOut } from '../trust/certify.ts'
import { type CertifiedCascade, certifyCascade } from '../trust/certify-cascade.ts'
import { typicalOf } from '../trust/drift.ts'
import { type CardParts, judgedSet, type Served, type Trained, termsOf } from './trained-card.ts'

/** What a version was trained behind. */
export interface Behind {
  /** The version that is asked first, as it was published. */
  readonly reference: SpecialistReference
  readonly card: Card
  readonly trained: Trained
  /** Rows inside the training part that both answered without having seen them. */
  readonly heldAside: readonly PairedRow[]
}

export type ServedCascade = Served & Pick<CertifiedCascade, 'plan'>

/** Certifies both together, and answers the test rows as both together do. */
export function servedBehind(id: SpecialistId, parts: CardParts, behind: Behind): ServedCascade {
  const { trained } = parts
  const { task, splits } = trained
  const paired = (part: 'calibration' | 'test'): readonly PairedRow[] =>
    pairsOf(judgedSet(task, behind.trained[part], splits[part]), judgedSet(task, trained[part], splits[part]))
  const { certificate, calibration, plan } = certifyCascade({
    ...termsOf(parts, [behind.reference, { id, digest: specialistDigest(trained.published) }]),
    first: {
      id: behind.reference.id,
      calibration: behind.card.calibration,
      noveltyLimit: behind.card.certificate.noveltyLimit,
    },
    second: {
      id,
      heldAside: trained.artefact.heldAside,
      parts: judgedParts(trained.calibration, splits.calibration.examples, task),
    },
    heldAside: behind.heldAside,
    calibration: paired('calibration'),
    test: paired('test'),
  })
  const [firstGate, secondGate] = certificate.stages!
  const answered = (first: RawPrediction, second: RawPrediction) => {
    const early = calibratedPrediction(first, behind.card.calibration)
    if (passesGate(firstGate!, early)) return { isFirst: true, said: { ...early, mayAnswer: true } }
    const late = calibratedPrediction(second, calibration)
    return { isFirst: false, said: { ...late, mayAnswer: passesGate(secondGate!, late) } }
  }
  const asServed = (part: 'calibration' | 'test') =>
    behind.trained[part].map((first, row) => answered(first, trained[part][row]!))
  const left: readonly Prediction[] = asServed('calibration').flatMap(({ isFirst, said }) =>
    isFirst ? [] : [said],
  )
  return {
    certified: { certificate, calibration },
    plan,
    predictions: asServed('test').map(({ said }) => said),
    typical: typicalOf(left),
    stages: [stageOf(behind.reference.id, behind.trained), stageOf(id, trained)],
  }
}

function pairsOf(firsts: readonly HeldOut[], seconds: readonly HeldOut[]): readonly PairedRow[] {
  return firsts.map((first, row) => {
    const { group } = first
    return { first, second: seconds[row]!, ...(group !== undefined && { group }) }
  })
}

function stageOf(
  specialist: SpecialistId,
  { artefact, task, test, splits, textsPerSecond, trainMs }: Trained,
): NonNullable<Card['stages']>[number] {
  const right = judge(test, splits.test.examples, task).filter(Boolean).length
  return {
    specialist,
    tier: artefact.tier,
    right: wilson(right, test.length),
    sizeBytes: [...artefact.files.values()].reduce((sum, file) => sum + file.byteLength, 0),
    textsPerSecond,
    trainMs: Math.round(trainMs),
  }
}
