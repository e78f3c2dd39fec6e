/** One training run: rows → split → train → load → ask for the held-out rows → certify → compare → publish. */
import type { Clock } from '../base/clock.ts'
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { WorkOptions } from '../base/progress.ts'
import { seededRandom } from '../base/random.ts'
import { type AnswerConsistency, answerConsistency } from '../data/answer-consistency.ts'
import type { ExampleSet } from '../data/example.ts'
import { type SplitOutcome, splitExamples, splitRecord, trainable } from '../data/splits.ts'
import type { Baseline, SpanBaseline } from '../eval/baseline.ts'
import { type DataFindings, effectOf, findInData } from '../eval/data-findings.ts'
import { evaluatePredictions } from '../eval/evaluate.ts'
import { summaryOf } from '../eval/findings-summary.ts'
import { judge, judgedParts, partLosses, wrongMeans } from '../eval/judge.ts'
import { type Comparison, compareWithBaselines, type FittedContender, fitBaselines } from '../eval/report.ts'
import { type EnergyReading, metered } from '../meter/energy-meter.ts'
import { specialistDigest } from '../registry/manifest-file.ts'
import type { Manifest, Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import { maskingVersion } from '../text/masking.ts'
import type { Artefact, HeldAside, RawPrediction, RawPredictor, Tier } from '../tier/tier.ts'
import { calibratedPrediction } from '../trust/calibrated-predictor.ts'
import { chooseSplitSizes } from '../trust/calibration-size.ts'
import { type Card, type CardInput, cardJson, makeCard } from '../trust/card.ts'
import { type Certified, certify, judgedRows } from '../trust/certify.ts'
import { typicalOf } from '../trust/drift.ts'
import { templateDigest } from '../trust/validity.ts'
import { verdictOf } from '../trust/verdict.ts'
import { writablePredictor } from '../trust/writable-predictor.ts'
import { rowRecordFolder } from './target.ts'
import type { TaskRows } from './task-rows.ts'

/** Fewer rows leave a part without any. */
const leastRows = 20
const predictBatch = 256

export interface TrainShop {
  readonly tier: Tier
  readonly baselines: readonly (Baseline | SpanBaseline)[]
  readonly registry: Registry
  readonly clock: Clock
  /** Version of Shoal, for the card. */
  readonly version: string
}

export interface TrainRequest extends WorkOptions {
  readonly seed: number
  readonly budgetMs?: number
  /** True: the plain baselines and the findings about the data are left out of the report. */
  readonly withoutBaselines?: boolean
}

export interface TrainedSpecialist {
  readonly manifest: Manifest
  readonly card: Card
  /** Wall time of the tier's training, and of the whole run. */
  readonly trainMs: number
  readonly totalMs: number
  readonly textsPerSecond: number
  /** What the whole run took on this machine, baselines and findings included. */
  readonly cost: EnergyReading
}

/** What the run knows once the tier has trained and answered the held-out rows. */
interface Trained {
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

/**
 * Trains, certifies and publishes a specialist; promotes nothing.
 * Throws `train.too-few`, `cancelled`, and what the tier and the registry throw.
 */
export async function trainSpecialist(
  shop: TrainShop,
  rows: TaskRows,
  request: TrainRequest,
): Promise<TrainedSpecialist> {
  const { result, cost } = await metered(() => trainAndPublish(shop, rows, request))
  return { ...result, cost }
}

async function trainAndPublish(
  shop: TrainShop,
  rows: TaskRows,
  request: TrainRequest,
): Promise<Omit<TrainedSpecialist, 'cost'>> {
  const began = shop.clock.monotonicMs()
  const trained = await trainTier(shop, rows, request)
  const comparison = request.withoutBaselines ? undefined : await compare(trained, request)
  throwIfCancelled(request.signal, 'training')
  request.progress?.({ stage: 'publishing', done: 0, total: 1 })
  const cards = new Map<SpecialistId, Card>()
  const manifest = await shop.registry.publish(trained.task, trained.published, (id) => {
    const card = cardFor(id, shop, { trained, rows, request, comparison })
    cards.set(id, card)
    return cardJson(card)
  })
  request.progress?.({ stage: 'publishing', done: 1, total: 1 })
  const { trainMs, textsPerSecond } = trained
  return {
    manifest,
    card: cards.get(manifest.id)!,
    trainMs,
    textsPerSecond,
    totalMs: shop.clock.monotonicMs() - began,
  }
}

async function trainTier(shop: TrainShop, rows: TaskRows, request: TrainRequest): Promise<Trained> {
  const { task } = rows
  const splits = splitRows(rows, request.seed)
  const began = shop.clock.monotonicMs()
  const { signal, progress, seed, budgetMs } = request
  const work = { ...(signal && { signal }), ...(progress && { progress }) }
  const train = trainable(splits.train, task.space)
  const training = shop.tier.train(task, train, {
    seed,
    ...(budgetMs !== undefined && { budgetMs }),
    ...work,
  })
  // The tier trains in a thread of its own: this one looks at the data and fits the baselines meanwhile.
  const [artefact, trainMs, plain] = await Promise.all([
    training,
    training.then(() => shop.clock.monotonicMs() - began),
    request.withoutBaselines
      ? nothingPlain
      : lookPlainly(shop, { train, test: splits.test }, { seed, ...(signal && { signal }) }),
  ])
  return {
    task,
    splits,
    artefact,
    ...plain,
    trainMs,
    published: withRowRecord(artefact, splits),
    ...(await askHeldOut(shop, artefact, { task, splits, work })),
  }
}

type PlainLook = Pick<Trained, 'baselines' | 'findings'>

const nothingPlain: PlainLook = Object.freeze({ baselines: [], findings: undefined })

/** What needs no specialist: findings about the training rows, and the baselines. */
async function lookPlainly(
  shop: TrainShop,
  { train, test }: Pick<SplitOutcome, 'train' | 'test'>,
  options: Pick<TrainRequest, 'seed' | 'signal'>,
): Promise<PlainLook> {
  const { examples } = train
  const findings = await findInData(examples, { ...options, test: test.examples })
  return { findings, baselines: await fitBaselines(shop.baselines, examples, options) }
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

/** The specialist as the gateway would load it, asked for the rows that it has not seen. */
async function askHeldOut(
  shop: TrainShop,
  artefact: Artefact,
  { task, splits, work }: { readonly task: Task; readonly splits: SplitOutcome; readonly work: WorkOptions },
): Promise<Pick<Trained, 'calibration' | 'test' | 'textsPerSecond'>> {
  const predictor = writablePredictor(await shop.tier.load(artefact), task.rendering)
  try {
    const calibration = await predictRows(predictor, splits.calibration, { ...work, stage: 'calibrating' })
    const askedAt = shop.clock.monotonicMs()
    const test = await predictRows(predictor, splits.test, { ...work, stage: 'testing' })
    const textsPerSecond = test.length / Math.max(1e-6, (shop.clock.monotonicMs() - askedAt) / 1000)
    return { calibration, test, textsPerSecond }
  } finally {
    await predictor.dispose()
  }
}

function splitRows(rows: TaskRows, seed: number): SplitOutcome {
  const count = rows.examples.length
  if (count < leastRows)
    throw appError('train.too-few', { task: rows.task.id, rows: count, needed: leastRows })
  const sizes = chooseSplitSizes(count, rows.task.risk, { hasTestFile: rows.test !== undefined })
  const fractions = {
    train: sizes.train / count,
    calibration: sizes.calibration / count,
    test: sizes.test / count,
  }
  return splitExamples(rows.examples, { seed, fractions, ...(rows.test && { test: rows.test }) })
}

async function predictRows(
  predictor: RawPredictor,
  set: ExampleSet,
  options: WorkOptions & { readonly stage: string },
): Promise<readonly RawPrediction[]> {
  const { signal, progress, stage } = options
  const predictions: RawPrediction[] = []
  for (let at = 0; at < set.examples.length; at += predictBatch) {
    throwIfCancelled(signal, stage)
    const inputs = set.examples.slice(at, at + predictBatch).map((example) => example.input)
    predictions.push(...(await predictor.predict(inputs, signal && { signal })))
    progress?.({ stage, done: predictions.length, total: set.examples.length })
  }
  return predictions
}

/** The published files hold, besides the tier's own, which rows stood in which part, by their hashes. */
function withRowRecord(artefact: Artefact, splits: SplitOutcome): Artefact {
  const record = Object.entries(splitRecord(splits)).map(([part, ids]): [string, Uint8Array] => [
    `${rowRecordFolder}${part}.txt`,
    new TextEncoder().encode(ids),
  ])
  return { ...artefact, files: new Map([...artefact.files, ...record]) }
}

async function compare(trained: Trained, request: TrainRequest): Promise<Comparison> {
  const { signal, progress, seed } = request
  return compareWithBaselines(
    {
      test: trained.splits.test.examples,
      predictions: trained.test,
      baselines: trained.baselines,
      seed,
      task: trained.task,
    },
    { ...(signal && { signal }), ...(progress && { progress }) },
  )
}

interface CardParts {
  readonly trained: Trained
  readonly rows: TaskRows
  readonly request: TrainRequest
  readonly comparison: Comparison | undefined
}

function cardFor(id: SpecialistId, shop: TrainShop, { trained, rows, request, comparison }: CardParts): Card {
  const { task, splits, artefact } = trained
  const certified = certifyAs(id, shop, { trained, rows })
  const { threshold, noveltyLimit } = certified.certificate
  const gate = { noveltyLimit, ...(threshold !== undefined && { threshold }) }
  const asServed = (raw: RawPrediction) => calibratedPrediction(raw, certified.calibration)
  const predictions = trained.test.map(asServed)
  return makeCard({
    specialist: id,
    task,
    artefact,
    splits,
    ...findingsOf(trained),
    evaluation: evaluatePredictions(predictions, splits.test.examples, { gate, task, seed: request.seed }),
    ...(comparison && { comparison }),
    certified,
    typical: typicalOf(trained.calibration.map(asServed)),
    verdict: verdictOf({
      certificate: certified.certificate,
      ...(comparison && { comparison }),
      ...consistencyOf(rows, request.seed),
      ...(rows.money && { money: rows.money }),
    }),
    notes: [...rows.notes, ...droppedNote(splits)],
    provenance: {
      shoal: shop.version,
      node: process.version,
      seed: request.seed,
      options: { budgetMs: request.budgetMs ?? null, ...(artefact.meta as { [key: string]: Json }) },
      createdAt: new Date(shop.clock.nowMs()).toISOString(),
      trainMs: Math.round(trained.trainMs),
    },
  })
}

/** Rows out of calls come with all their repeats; an import has thinned its own. */
function consistencyOf(rows: TaskRows, seed: number): { readonly consistency?: AnswerConsistency } {
  const answered = rows.examples.filter((example) => example.source === 'teacher')
  const consistency = answerConsistency(answered, { random: seededRandom(seed).fork('consistency') })
  return consistency === undefined ? {} : { consistency }
}

function certifyAs(
  id: SpecialistId,
  shop: TrainShop,
  { trained, rows }: Pick<CardParts, 'trained' | 'rows'>,
): Certified {
  const { task, splits, artefact, published } = trained
  const heldOut = [...splits.calibration.examples, ...splits.test.examples]
  return certify({
    target: task.risk,
    wrongMeans: wrongMeans(heldOut),
    heldAside: artefact.heldAside,
    ...(task.promise && { promise: task.promise }),
    calibration: judgedSet(task, trained.calibration, splits.calibration),
    parts: judgedParts(trained.calibration, splits.calibration.examples, task),
    test: judgedSet(task, trained.test, splits.test),
    trainRows: splits.train.examples.length,
    holdsFor: {
      specialists: [{ id, digest: specialistDigest(published) }],
      ...(task.template && { template: templateDigest(task.template) }),
      maskingVersion,
      ...(rows.answeredBy !== undefined && { upstream: rows.answeredBy }),
    },
    data: { train: splits.train.digest, calibration: splits.calibration.digest, test: splits.test.digest },
    clock: shop.clock,
  })
}

function judgedSet(
  task: Task,
  predictions: readonly RawPrediction[],
  { examples }: ExampleSet,
): readonly HeldAside[] {
  const losses = task.promise === 'parts' ? partLosses(predictions, examples, task) : undefined
  return judgedRows(predictions, judge(predictions, examples, task), losses)
}

function droppedNote(splits: SplitOutcome): readonly string[] {
  const { length } = splits.dropped
  return length === 0
    ? []
    : [`${length} rows stand in the test file too (or share a group with it) and were left out of training.`]
}
