/** One training run: rows → split → train → load → ask for the held-out rows → certify → compare → publish. */
import type { Clock } from '../base/clock.ts'
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { ExampleSet } from '../data/example.ts'
import { type SplitOutcome, splitExamples, splitRecord, trainable } from '../data/splits.ts'
import type { Baseline, SpanBaseline } from '../eval/baseline.ts'
import { findInData } from '../eval/data-findings.ts'
import { type Comparison, compareWithBaselines, fitBaselines } from '../eval/report.ts'
import { type EnergyReading, metered } from '../meter/energy-meter.ts'
import type { Manifest, Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import type { Artefact, RawPrediction, RawPredictor, Tier } from '../tier/tier.ts'
import { chooseSplitSizes } from '../trust/calibration-size.ts'
import { type Card, cardJson } from '../trust/card.ts'
import { writablePredictor } from '../trust/writable-predictor.ts'
import type { TaskEconomics } from './economics.ts'
import { rowRecordFolder } from './target.ts'
import type { TaskRows } from './task-rows.ts'
import { type Trained, trainedCard } from './trained-card.ts'

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
  /** What the task's calls cost, for the verdict; absent: money says nothing. */
  readonly economics?: TaskEconomics
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
  const { clock, version } = shop
  const began = clock.monotonicMs()
  const usedBefore = process.cpuUsage()
  const trained = await trainTier(shop, rows, request)
  const comparison = request.withoutBaselines ? undefined : await compare(trained, request)
  throwIfCancelled(request.signal, 'training')
  request.progress?.({ stage: 'publishing', done: 0, total: 1 })
  const cards = new Map<SpecialistId, Card>()
  const manifest = await shop.registry.publish(trained.task, trained.published, (id) => {
    const { user, system } = process.cpuUsage(usedBefore)
    const cpuMs = (user + system) / 1000
    const { seed, budgetMs, economics } = request
    const card = trainedCard(id, {
      ...{ trained, rows, comparison, economics, cpuMs, seed, budgetMs, clock, version },
    })
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
    totalMs: clock.monotonicMs() - began,
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
