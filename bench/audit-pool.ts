/** A certified nano specialist of dair_emotion and the rows that it has never seen: what streams of calls are drawn from. */
import { sha256 } from '../src/base/hash.ts'
import { splitExamples } from '../src/data/splits.ts'
import { judge } from '../src/eval/judge.ts'
import type { Prediction } from '../src/task/predictor.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { calibratedPrediction } from '../src/trust/calibrated-predictor.ts'
import type { Certificate } from '../src/trust/certificate.ts'
import { certify, judgedRows } from '../src/trust/certify.ts'
import { type Typical, typicalOf } from '../src/trust/drift.ts'
import { loadSet } from './certificate-data.ts'
import { taskOf } from './certificate-model.ts'

/** A row of the pool, as the specialist answers it. */
export interface PoolRow {
  readonly label: string
  readonly said: Prediction
  readonly wrong: boolean
  /** True where it is answered locally. */
  readonly isLocal: boolean
}

export interface AuditPool {
  readonly seed: number
  readonly rows: readonly PoolRow[]
  readonly certificate: Certificate
  readonly typical: Typical
  readonly digests: { readonly [file: string]: string }
}

const fractions = { train: 0.5, calibration: 0.125, test: 0.375 }
const none = sha256('')

/** Trains on half of the training file, calibrates on an eighth; the rest is the pool. The test file is not touched. */
export async function auditPool(
  target: { readonly risk: number; readonly delta: number },
  seed: number,
): Promise<AuditPool> {
  const set = loadSet('dair_emotion')
  const { train, calibration, test } = splitExamples(set.train, { seed, fractions })
  const task = taskOf('dair_emotion', set.train, target)
  const tier = createNanoTier()
  const artefact = await tier.train(task, train, { seed })
  const predictor = await tier.load(artefact)
  const ask = async ({ examples }: typeof train) => {
    const raw = await predictor.predict(examples.map((example) => example.input))
    return { raw, correct: judge(raw, examples) }
  }
  const [asked, pool] = [await ask(calibration), await ask(test)]
  await predictor.dispose()
  const { certificate, calibration: maps } = certify({
    target,
    wrongMeans: 'disagreement',
    heldAside: artefact.heldAside,
    calibration: judgedRows(asked.raw, asked.correct),
    test: [],
    trainRows: train.examples.length,
    holdsFor: { specialists: [], maskingVersion: 0 },
    data: { train: none, calibration: none, test: none },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  })
  const { threshold = Number.POSITIVE_INFINITY, noveltyLimit } = certificate
  const rows = pool.raw.map((one, at): PoolRow => {
    const said = calibratedPrediction(one, maps)
    const { output } = test.examples[at]!
    return {
      label: output.kind === 'labels' ? output.labels[0]! : '',
      said,
      wrong: !pool.correct[at],
      isLocal: said.confidence >= threshold && said.novelty <= noveltyLimit,
    }
  })
  const typical = typicalOf(asked.raw.map((one) => calibratedPrediction(one, maps)))
  return { seed, rows, certificate, typical, digests: set.digests }
}
