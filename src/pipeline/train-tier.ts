/** A tier trained on a task's training rows, and asked for the rows that it has not seen, as the gateway would ask it. */
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { WorkOptions } from '../base/progress.ts'
import type { Example, ExampleSet } from '../data/example.ts'
import { exampleSet } from '../data/example-set.ts'
import { type SplitOutcome, splitExamples, splitRecord, trainable } from '../data/splits.ts'
import { findInData } from '../eval/data-findings.ts'
import { fitBaselines } from '../eval/report.ts'
import type { Task } from '../task/types.ts'
import { checkAdapter } from '../tier/check-adapter.ts'
import type { Artefact, RawPrediction, RawPredictor, TrainOptions } from '../tier/tier.ts'
import { chooseSplitSizes } from '../trust/calibration-size.ts'
import { writablePredictor } from '../trust/writable-predictor.ts'
import { fewRows } from './few-rows.ts'
import { rowRecordFolder } from './target.ts'
import type { TaskRows } from './task-rows.ts'
import type { TrainRequest, TrainShop } from './train-request.ts'
import type { Trained } from './trained-card.ts'

/** Fewer rows leave a part without any. */
const leastRows = 20
const predictBatch = 256

/** Options of a tier's training, as they were asked for. */
export function tierOptions(request: TrainRequest): TrainOptions {
  const { signal, progress, seed, budgetMs, base, checkpointFolder, pooledLater, lora } = request
  return {
    seed,
    ...(budgetMs !== undefined && { budgetMs }),
    ...(base !== undefined && { base }),
    ...(checkpointFolder !== undefined && { checkpointFolder }),
    ...(pooledLater && { pooledLater }),
    ...(lora !== undefined && { lora }),
    ...(signal && { signal }),
    ...(progress && { progress }),
  }
}

/** A task's rows in their parts, and rows that a teacher labelled. */
interface TierRows {
  readonly task: Task
  readonly splits: SplitOutcome
  /** Learned from after the training part; baselines and findings are about the rows that have outputs of their own. */
  readonly taught?: readonly Example[]
}

function withTaught(splits: SplitOutcome, taught: readonly Example[]): SplitOutcome {
  if (taught.length === 0) return splits
  return { ...splits, train: exampleSet([...splits.train.examples, ...taught]) }
}

/** Trains a tier on the training part and asks it for the others. Throws what the tier throws. */
export async function trainTier(
  shop: Pick<TrainShop, 'tier' | 'baselines' | 'clock'>,
  { task, splits: given, taught = [] }: TierRows,
  request: TrainRequest,
): Promise<Trained> {
  checkAdapter(shop.tier, task.kind, request)
  const began = shop.clock.monotonicMs()
  const { signal, progress, seed } = request
  const work = { ...(signal && { signal }), ...(progress && { progress }) }
  const labelled = trainable(given.train, task.space)
  const splits = withTaught(given, taught)
  const training = shop.tier.train(task, trainable(splits.train, task.space), tierOptions(request))
  // The tier trains in a thread of its own: this one looks at the data and fits the baselines meanwhile.
  const [artefact, trainMs, plain] = await Promise.all([
    training,
    training.then(() => shop.clock.monotonicMs() - began),
    request.withoutBaselines
      ? nothingPlain
      : lookPlainly(shop, { train: labelled, test: splits.test }, { seed, ...(signal && { signal }) }),
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
  shop: Pick<TrainShop, 'baselines'>,
  { train, test }: Pick<SplitOutcome, 'train' | 'test'>,
  options: Pick<TrainRequest, 'seed' | 'signal'>,
): Promise<PlainLook> {
  const { examples } = train
  const findings = await findInData(examples, { ...options, test: test.examples })
  return { findings, baselines: await fitBaselines(shop.baselines, examples, options) }
}

/** The specialist as the gateway would load it, asked for the rows that it has not seen. */
async function askHeldOut(
  shop: Pick<TrainShop, 'tier' | 'clock'>,
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

/** The three parts of the rows; with `shots` only so many of each label are left to train on. */
export function splitRows(
  rows: TaskRows,
  { seed, shots, teaching }: Pick<TrainRequest, 'seed' | 'shots' | 'teaching'>,
): SplitOutcome {
  const count = rows.examples.length
  if (count < leastRows)
    throw appError('train.too-few', { task: rows.task.id, rows: count, needed: leastRows })
  const sizes = chooseSplitSizes(count, rows.task.risk, { hasTestFile: rows.test !== undefined })
  const fractions = {
    train: sizes.train / count,
    calibration: sizes.calibration / count,
    test: sizes.test / count,
  }
  const splits = splitExamples(rows.examples, {
    ...{ seed, fractions },
    ...(rows.test && { test: rows.test }),
    ...(teaching && { settled: teaching.teacher.parts }),
  })
  return shots === undefined ? splits : { ...splits, train: fewRows(splits.train, { shots, seed }) }
}

/** Asks for every row of a set, in batches. */
export async function predictRows(
  predictor: Pick<RawPredictor, 'predict'>,
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
