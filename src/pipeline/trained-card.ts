/** The card of a specialist that was just trained: certified, judged, compared, weighed. */
import type { Clock } from '../base/clock.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { seededRandom } from '../base/random.ts'
import { type AnswerConsistency, answerConsistency } from '../data/answer-consistency.ts'
import { duplicateKey } from '../data/duplicate-key.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { KeyTable } from '../data/key-table.ts'
import { type SplitOutcome, trainable } from '../data/splits.ts'
import { type DataFindings, effectOf } from '../eval/data-findings.ts'
import { evaluatePredictions } from '../eval/evaluate.ts'
import { summaryOf } from '../eval/findings-summary.ts'
import { judge, judgedParts, partLosses, wrongMeans } from '../eval/judge.ts'
import type { Comparison, FittedContender } from '../eval/report.ts'
import { specialistDigest } from '../registry/manifest-file.ts'
import type { Prediction } from '../task/predictor.ts'
import type { Task } from '../task/types.ts'
import { maskingVersion } from '../text/masking.ts'
import type { Artefact, RawPrediction } from '../tier/tier.ts'
import { calibratedPrediction } from '../trust/calibrated-predictor.ts'
import { type Card, type CardInput, makeCard } from '../trust/card.ts'
import { type CertificateTerms, type Certified, certify, type HeldOut, judgedRows } from '../trust/certify.ts'
import { type Typical, typicalOf } from '../trust/drift.ts'
import { groupsOf } from '../trust/grouped-losses.ts'
import { templateDigest } from '../trust/validity.ts'
import { verdictOf } from '../trust/verdict.ts'
import { moneyOf, type TaskEconomics } from './economics.ts'
import type { TaskRows } from './task-rows.ts'
import { toldOptions } from './told-options.ts'

/** What the run knows once the tier has trained and answered the held-out rows. */
export interface Trained {
  readonly task: Task
  readonly splits: SplitOutcome
  /** The tier's artefact, and the same with the record of the rows, as it is published. */
  readonly artefact: Artefact
  readonly published: Artefact
  readonly baselines: readonly FittedContender[]
  readonly findings: DataFindings | undefined
  readonly calibration: readonly RawPrediction[]
  readonly test: readonly RawPrediction[]
  readonly trainMs: number
  readonly textsPerSecond: number
}

export interface CardParts {
  readonly trained: Trained
  readonly rows: TaskRows
  readonly comparison: Comparison | undefined
  /** What the task's calls cost, where prices are known. */
  readonly economics: TaskEconomics | undefined
  /** CPU time of the run so far. */
  readonly cpuMs: number
  readonly seed: number
  readonly budgetMs: number | undefined
  /** What else was asked for, for the provenance. */
  readonly options?: { readonly [name: string]: Json }
  readonly clock: Clock
  /** Version of Shoal. */
  readonly version: string
}

/** How a version answers as it is served. */
export interface Served {
  readonly certified: Certified
  /** Its answers to the test rows. */
  readonly predictions: readonly Prediction[]
  readonly typical: Typical
  /** Of a cascade: each of its specialists by itself. */
  readonly stages?: NonNullable<Card['stages']>
}

/** Puts the card of a version together. */
export function trainedCard(
  id: SpecialistId,
  parts: CardParts,
  served: Served = servedAlone(id, parts),
): Card {
  const { trained, rows, comparison, seed } = parts
  const { task, splits, artefact } = trained
  const { certified } = served
  const { threshold, noveltyLimit } = certified.certificate
  const gate = { noveltyLimit, ...(threshold !== undefined && { threshold }) }
  return makeCard({
    specialist: id,
    task,
    artefact,
    splits,
    ...findingsOf(trained),
    evaluation: evaluatePredictions(served.predictions, splits.test.examples, { gate, task, seed }),
    ...(comparison && { comparison }),
    certified,
    typical: served.typical,
    ...(served.stages && { stages: served.stages }),
    verdict: verdictOf({
      certificate: certified.certificate,
      ...(comparison && { comparison }),
      ...consistencyOf(rows, seed),
      ...moneyFor(parts),
    }),
    notes: [...rows.notes, ...droppedNote(splits), ...drawnNotes(splits.calibration.examples)],
    provenance: {
      shoal: parts.version,
      node: process.version,
      seed,
      options: {
        budgetMs: parts.budgetMs ?? null,
        ...parts.options,
        ...toldOptions(artefact.meta),
      },
      createdAt: new Date(parts.clock.nowMs()).toISOString(),
      trainMs: Math.round(trained.trainMs),
    },
  })
}

function servedAlone(id: SpecialistId, parts: CardParts): Served {
  const { task, splits, artefact, published, ...trained } = parts.trained
  const reference = { id, digest: specialistDigest(published) }
  const certified = certify({
    ...termsOf(parts, [reference]),
    heldAside: artefact.heldAside,
    calibration: judgedSet(task, trained.calibration, splits.calibration),
    parts: judgedParts(trained.calibration, splits.calibration.examples, task),
    test: judgedSet(task, trained.test, splits.test),
  })
  const asServed = (raw: RawPrediction) => calibratedPrediction(raw, certified.calibration)
  return {
    certified,
    predictions: trained.test.map(asServed),
    typical: typicalOf(trained.calibration.map(asServed)),
  }
}

/** Rows out of calls come with all their repeats; an import has thinned its own. */
function consistencyOf(rows: TaskRows, seed: number): { readonly consistency?: AnswerConsistency } {
  const answered = rows.examples.filter((example) => example.source === 'teacher')
  const consistency = answerConsistency(answered, { random: seededRandom(seed).fork('consistency') })
  return consistency === undefined ? {} : { consistency }
}

function moneyFor({ economics, cpuMs, trained }: CardParts) {
  return (
    economics && {
      money: moneyOf(economics, { trainingCpuMs: cpuMs, textsPerSecond: trained.textsPerSecond }),
    }
  )
}

/** What the certificate of these specialists is made for. */
export function termsOf(
  { trained, rows, clock }: Pick<CardParts, 'trained' | 'rows' | 'clock'>,
  specialists: CertificateTerms['holdsFor']['specialists'],
): CertificateTerms {
  const { task, splits } = trained
  const heldOut = [...splits.calibration.examples, ...splits.test.examples]
  return {
    target: task.risk,
    wrongMeans: wrongMeans(heldOut),
    ...(task.promise && { promise: task.promise }),
    trainRows: splits.train.examples.length,
    holdsFor: {
      specialists,
      ...(task.template && { template: templateDigest(task.template) }),
      maskingVersion,
      ...(rows.answeredBy !== undefined && { upstream: rows.answeredBy }),
    },
    data: { train: splits.train.digest, calibration: splits.calibration.digest, test: splits.test.digest },
    clock,
  }
}

/** Raw predictions on a part of the rows, judged, each with the group of its row. */
export function judgedSet(
  task: Task,
  predictions: readonly RawPrediction[],
  { examples }: Pick<ExampleSet, 'examples'>,
): readonly HeldOut[] {
  const losses = task.promise === 'parts' ? partLosses(predictions, examples, task) : undefined
  return judgedRows(predictions, judge(predictions, examples, task), losses).map((row, at) => {
    const { group } = examples[at]!
    return group === undefined ? row : { ...row, group }
  })
}

function droppedNote(splits: SplitOutcome): readonly string[] {
  const { length } = splits.dropped
  return length === 0
    ? []
    : [`${length} rows stand in the test file too (or share a group with it) and were left out of training.`]
}

/** Where the calibration rows are not one independent draw each: what the bound makes of that. */
export function drawnNotes(examples: readonly Pick<Example, 'input' | 'group'>[]): readonly string[] {
  const groups = groupsOf(examples)
  if (groups)
    return [
      `The ${examples.length} calibration rows belong to ${groups.members.length} groups (the largest has ${groups.largest}): rows of a group may be wrong together, so the bounds count groups. The promise is about groups that are new.`,
    ]
  const inputs = new KeyTable()
  for (const { input } of examples) inputs.add(duplicateKey(input))
  const repeats = examples.length - inputs.size
  if (repeats === 0) return []
  return [
    `${repeats} of the ${examples.length} calibration rows repeat the input of another. The bound takes calls for independent draws: where inputs that are new come several times each, it is too low.`,
  ]
}
/** The findings for the card; what a leak does is seen on the specialist's own answers to the test rows. */
function findingsOf({ task, findings, splits, test }: Trained): Pick<CardInput, 'findings'> {
  if (findings === undefined) return {}
  const summary = summaryOf(findings, trainable(splits.train, task.space).examples)
  const leaked = findings.leaks?.testRows ?? []
  if (leaked.length === 0) return { findings: summary }
  const right = judge(test, splits.test.examples, task)
  return {
    findings: { ...summary, leaks: { rows: leaked.length, effect: effectOf(right, leaked) } },
  }
}
