/** One training run: rows → split → train → load → ask for the held-out rows → certify → compare → publish. */
import type { Clock } from '../base/clock.ts'
import { throwIfCancelled } from '../base/errors.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { type Comparison, compareWithBaselines } from '../eval/report.ts'
import { type EnergyReading, metered } from '../meter/energy-meter.ts'
import type { Manifest, SpecialistReference } from '../registry/registry.ts'
import type { RawPrediction } from '../tier/tier.ts'
import { type Card, cardJson } from '../trust/card.ts'
import type { TaskRows } from './task-rows.ts'
import { taughtNote, teach } from './teaching.ts'
import type { TrainRequest, TrainShop } from './train-request.ts'
import { splitRows, trainTier } from './train-tier.ts'
import { type CardParts, type Served, type Trained, trainedCard } from './trained-card.ts'

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
  const run = beginRun(shop.clock)
  const splits = splitRows(rows, request)
  const taught = request.teaching && (await teach(request.teaching, { task: rows.task, splits }, request))
  const trained = await trainTier(shop, { task: rows.task, splits, ...(taught && { taught }) }, request)
  const comparison = await compare(trained, request)
  const noted = taught ? { ...rows, notes: [...rows.notes, taughtNote(request.teaching!, taught)] } : rows
  return publishTrained(shop, { rows: noted, trained, comparison, run }, request)
}

/** When a run began, and what CPU time the process had used by then. */
export interface Run {
  readonly beganMs: number
  readonly usedBefore: NodeJS.CpuUsage
}

/** Begins to count. */
export function beginRun(clock: Clock): Run {
  return { beganMs: clock.monotonicMs(), usedBefore: process.cpuUsage() }
}

/** What is published. */
export interface Finished {
  readonly rows: TaskRows
  readonly trained: Trained
  readonly comparison: Comparison | undefined
  readonly run: Run
  /** Of a cascade: the versions before it, and how all of them together answer. */
  readonly cascade?: {
    readonly before: readonly SpecialistReference[]
    readonly serve: (id: SpecialistId, parts: CardParts) => Served
  }
}

/** Makes the card and publishes the version. */
export async function publishTrained(
  shop: Omit<TrainShop, 'tier'>,
  { rows, trained, comparison, run, cascade }: Finished,
  request: TrainRequest,
): Promise<Omit<TrainedSpecialist, 'cost'>> {
  const { clock, version } = shop
  throwIfCancelled(request.signal, 'training')
  request.progress?.({ stage: 'publishing', done: 0, total: 1 })
  const cards = new Map<SpecialistId, Card>()
  const makeCardOf = (id: SpecialistId): Json => {
    const { user, system } = process.cpuUsage(run.usedBefore)
    const { seed, budgetMs, economics } = request
    const said = { ...{ trained, rows, comparison, economics, seed, budgetMs, clock, version } }
    const parts = { ...said, cpuMs: (user + system) / 1000, options: askedFor(request) }
    const card = trainedCard(id, parts, cascade?.serve(id, parts))
    cards.set(id, card)
    return cardJson(card)
  }
  const manifest = await shop.registry.publish(trained.task, trained.published, makeCardOf, {
    ...(cascade && { before: cascade.before }),
  })
  request.progress?.({ stage: 'publishing', done: 1, total: 1 })
  const { trainMs, textsPerSecond } = trained
  return {
    manifest,
    card: cards.get(manifest.id)!,
    trainMs,
    textsPerSecond,
    totalMs: clock.monotonicMs() - run.beganMs,
  }
}

function askedFor({ base, shots, teaching }: TrainRequest): NonNullable<CardParts['options']> {
  return {
    ...(base !== undefined && { base }),
    ...(shots !== undefined && { shots }),
    ...(teaching && { teacher: { ...teaching.teacher.reference } }),
  }
}

/** Answers to the test rows beside those of the baselines; `undefined` where there are to be none. */
export async function compare(
  trained: Trained,
  request: TrainRequest,
  predictions: readonly Pick<RawPrediction, 'output'>[] = trained.test,
): Promise<Comparison | undefined> {
  if (request.withoutBaselines) return undefined
  const { signal, progress, seed } = request
  return compareWithBaselines(
    {
      test: trained.splits.test.examples,
      predictions,
      baselines: trained.baselines,
      seed,
      task: trained.task,
    },
    { ...(signal && { signal }), ...(progress && { progress }) },
  )
}
