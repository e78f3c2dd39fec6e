/** What `shoal train` tells: the card, why it is this version that is to serve, and what to do next. */
import pc from 'picocolors'
import { parseSpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { TrainedSpecialist } from '../pipeline/train.ts'
import type { Card } from '../trust/card.ts'
import { cardMarkdown } from '../trust/card-markdown.ts'

export interface TrainReport {
  /** The version that is to serve. */
  readonly trained: TrainedSpecialist
  /** Why this one and no other, in sentences. */
  readonly why: readonly string[]
  /** What else was published on the way. */
  readonly others: readonly TrainedSpecialist[]
  readonly promoted: boolean
  /** True: it was to be promoted if it may. */
  readonly asked: boolean
}

/** Why a specialist is not promoted by itself; `shoal promote` asks nobody. */
export function stopsOf({ certificate, verdict }: Card): readonly string[] {
  const stops = verdict?.reasons.filter((reason) => reason.stops).map(({ sentence }) => sentence) ?? []
  return certificate.threshold === undefined && stops.length === 0 ? ['Nothing is certified.'] : stops
}

/** What became of a training, with the card of the version that is to serve. */
export function trainedText({ trained, why, others, promoted, asked }: TrainReport): string {
  const { card, manifest } = trained
  const { certificate } = card
  const { version } = parseSpecialistId(manifest.id)
  const [stop] = stopsOf(card)
  const command = `shoal promote ${card.task.id} ${version}`
  const next = promoted
    ? pc.green(`${manifest.id} serves now.`)
    : certificate.threshold === undefined
      ? pc.yellow(asked ? 'It was not promoted: it may answer nothing.' : 'It may answer nothing yet.')
      : stop === undefined
        ? `Let it serve: ${command}`
        : pc.yellow(`Not worth serving: ${stop} Let it serve all the same: ${command}`)
  return `${cardMarkdown(card, { charts: false })}\nTrained in ${(trained.trainMs / 1000).toFixed(1)} s, all in ${(trained.totalMs / 1000).toFixed(1)} s.\n${[...others.map(otherLine), ...why, ...hintOf(card)].map((line) => `${line}\n`).join('')}${next}`
}

/** A version that was trained on the way and is not the one that is to serve. */
function otherLine({ manifest, card }: TrainedSpecialist): string {
  const { certificate, evaluation } = card
  return `Also published: ${manifest.id} (${card.tier}), right in ${percent(evaluation.right.value)} of the test rows, may answer ${percent(certificate.test.coverage)}.`
}

/** From this share of calls on that a nano specialist leaves, a larger one is worth a word. */
const muchLeft = 0.06

function hintOf({ tier, task, certificate }: Card): readonly string[] {
  const left = 1 - certificate.test.coverage
  if (tier !== 'nano' || certificate.stages || left < muchLeft) return []
  return [
    `${percent(left)} of the test calls still go upstream. A larger model behind it may take over a part: shoal train ${task.id} --tier auto`,
  ]
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

/** What `train --json` promises (design, section 5), and the whole card. */
export function trainedJson({ trained, why, others, promoted }: TrainReport): Json {
  const { card, manifest } = trained
  const { certificate } = card
  const document = {
    specialist: manifest.id,
    tier: card.tier,
    promoted,
    rows: { train: card.data.train.rows, calibration: card.data.calibration.rows, test: card.data.test.rows },
    seconds: trained.trainMs / 1000,
    totalSeconds: trained.totalMs / 1000,
    verdict: card.verdict?.advice ?? null,
    score: (card.evaluation.extraction ?? card.evaluation.questionAnswering)?.f1 ?? card.evaluation.right,
    exactMatch: card.evaluation.right,
    baselines: card.comparison?.contenders ?? [],
    certificate: {
      risk: certificate.risk,
      delta: certificate.delta,
      promise: certificate.promise ?? 'answers',
      threshold: certificate.threshold ?? null,
      stages: certificate.stages ?? null,
      calibration: certificate.calibration,
      test: certificate.test,
      refusal: certificate.refusal ?? null,
    },
    sizeBytes: card.sizeBytes,
    textsPerSecond: trained.textsPerSecond,
    why,
    others: others.map(otherJson),
    card,
  }
  return JSON.parse(JSON.stringify(document))
}

function otherJson({ manifest, card, trainMs }: TrainedSpecialist) {
  const { certificate, evaluation } = card
  return {
    specialist: manifest.id,
    tier: card.tier,
    seconds: trainMs / 1000,
    exactMatch: evaluation.right,
    coverage: certificate.test.coverage,
    sizeBytes: card.sizeBytes,
  }
}
