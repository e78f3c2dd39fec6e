/**
 * The steps of a training run, chunk after chunk: one call of the runtime takes a second or two of steps of one shape,
 * since parameters are copied in and out with each. Where chunks begin and end does not change what is computed.
 */

import type { Clock } from '../../base/clock.ts'
import { appError, assert } from '../../base/errors.ts'
import { type AxisSizes, dimSize } from '../../graph/dim.ts'
import type { TrainingModel } from '../../onnx/lower-training.ts'
import type { Tensors } from '../runtime.ts'
import { float32Tensor, floatsOf, sizeOf } from '../tensor.ts'
import type { Checkpoint } from './checkpoint.ts'
import { gatherBatch } from './columns.ts'
import type { ChunkMessage, TrainingJob } from './job.ts'
import { type Step, sameShapeFrom, tokensOf } from './steps.ts'

/** Where a run stands: steps done, the state's tensors, what was reported at each step. */
export interface Position {
  readonly step: number
  readonly state: ReadonlyMap<string, Float32Array>
  readonly reports: ReadonlyMap<string, Float32Array>
}

export interface LoopOptions {
  readonly job: TrainingJob
  readonly plan: string
  /** All that will be done; the plan's later ones may have been left out. */
  readonly steps: readonly Step[]
  readonly clock: Clock
  run(inputs: Tensors, outputs: readonly string[]): Promise<Tensors>
  save?(checkpoint: Checkpoint): Promise<void>
  onChunk(chunk: ChunkMessage): void
}

const chunkSeconds = 2
const chunkInputBytes = 256 << 20
/** Guess before the first chunk: one step only. */
const unknownPace = Number.POSITIVE_INFINITY

/** The position before the first step. */
export function startPosition(
  { model }: TrainingJob,
  start: ReadonlyMap<string, Float32Array>,
  steps: number,
): Position {
  const state = model.state.map(({ name, shape, start: from }) => {
    const size = sizeOf(shape)
    const given = from === 'parameter' ? start.get(name) : new Float32Array(size)
    if (given?.length !== size)
      throw appError('train.start-tensor', { tensor: name, got: given?.length ?? 'no', expected: size })
    return [name, given] as const
  })
  const reports = model.reports.map((name) => [name, new Float32Array(steps)] as const)
  return { step: 0, state: new Map(state), reports: new Map(reports) }
}

/** Trains from a position to the end of the plan. Throws `train.loss-not-finite` and what `run` and `save` throw. */
export async function trainSteps(options: LoopOptions, from: Position): Promise<Position> {
  const { job, steps, clock, onChunk } = options
  let position = from
  let pace = unknownPace
  let savedAt = clock.monotonicMs()
  while (position.step < steps.length) {
    const began = clock.monotonicMs()
    const most = chunkLength(job, steps[position.step]!, pace)
    const chunk = steps.slice(position.step, position.step + sameShapeFrom(steps, position.step, most))
    position = await runChunk(options, position, chunk)
    const seconds = (clock.monotonicMs() - began) / 1000
    const tokens = totalTokens(chunk)
    pace = seconds / tokens
    onChunk({ kind: 'chunk', step: position.step, tokens, seconds, ...lastLoss(position) })
    const isLast = position.step === steps.length
    const isDue = clock.monotonicMs() - savedAt >= (job.checkpoints?.everyMs ?? Number.POSITIVE_INFINITY)
    if (isLast || (options.save && isDue)) {
      assertFiniteState(options, position)
      await options.save?.(toCheckpoint(options, position))
      savedAt = clock.monotonicMs()
    }
  }
  return position
}

/** Seconds that a position takes, measured on the most frequent shape; what is computed is thrown away. */
export async function measurePace(options: LoopOptions, from: Position): Promise<number> {
  const { steps, clock } = options
  if (steps.length === 0) return 0
  const at = mostFrequentShape(steps)
  const place = { ...from, step: at }
  // The first call also allocates and warms up.
  await runChunk(options, place, steps.slice(at, at + 1))
  const chunk = steps.slice(at, at + sameShapeFrom(steps, at, 2))
  const began = clock.monotonicMs()
  await runChunk(options, place, chunk)
  return (clock.monotonicMs() - began) / 1000 / totalTokens(chunk)
}

/** The position that a checkpoint holds, in a plan of so many steps. */
export function fromCheckpoint(
  { model }: TrainingJob,
  { step, tensors }: Checkpoint,
  steps: number,
): Position {
  const state = model.state.map(({ name }) => [name, tensors.get(name) ?? new Float32Array(0)] as const)
  const reports = model.reports.map((name) => {
    const values = new Float32Array(steps)
    values.set(tensors.get(reportKey(name)) ?? [])
    return [name, values] as const
  })
  return { step, state: new Map(state), reports: new Map(reports) }
}

function toCheckpoint({ plan, steps }: LoopOptions, { step, state, reports }: Position): Checkpoint {
  const kept = [...reports].map(([name, values]) => [reportKey(name), values.subarray(0, step)] as const)
  return { plan, step, steps: steps.length, tensors: new Map([...state, ...kept]) }
}

function reportKey(name: string): string {
  return `report:${name}`
}

async function runChunk(
  { job, run }: LoopOptions,
  position: Position,
  chunk: readonly Step[],
): Promise<Position> {
  const { model, columns, seed, schedule } = job
  const { step } = position
  const batch = gatherBatch(model, columns, chunk, { first: step, seed })
  const state = model.state.map(({ name, shape }) => [name, float32Tensor(shape, position.state.get(name)!)])
  const rates = model.schedule.map((name) => {
    const values = schedule[name]?.subarray(step, step + chunk.length)
    assert(values?.length === chunk.length, `the schedule has no ${name} for step ${step + chunk.length}`)
    return [name, float32Tensor([chunk.length], values)]
  })
  const wanted = [...model.state.map(({ name }) => `${name}.next`), ...model.reports]
  const inputs = { ...Object.fromEntries(state), ...batch, ...Object.fromEntries(rates) }
  const outputs = await run(inputs, wanted)
  for (const name of model.reports) position.reports.get(name)?.set(floatsOf(outputs[name], name), step)
  assertFiniteReports(job, position, chunk)
  const next = model.state.map(({ name }) => [name, floatsOf(outputs[`${name}.next`], name)] as const)
  return { ...position, step: step + chunk.length, state: new Map(next) }
}

function assertFiniteReports({ name, model }: TrainingJob, position: Position, chunk: readonly Step[]): void {
  const firsts = model.reports.flatMap((report) => {
    const values = position.reports.get(report)?.subarray(position.step, position.step + chunk.length)
    const at = values?.findIndex((value) => !Number.isFinite(value)) ?? -1
    return at < 0 ? [] : [{ at, what: `${report} is ${values?.[at]}` }]
  })
  const [first] = firsts.sort((a, b) => a.at - b.at)
  if (!first) return
  const { rows } = chunk[first.at]!
  throw notFinite(name, first.what, position.step + first.at + 1, rows)
}

/** A loss may be finite and its step's update not be: such weights are never kept. */
function assertFiniteState({ job, steps }: LoopOptions, { step, state }: Position): void {
  for (const [tensor, values] of state) {
    const at = values.findIndex((value) => !Number.isFinite(value))
    if (at >= 0) throw notFinite(job.name, `${tensor}[${at}] is ${values[at]}`, step, steps[step - 1]!.rows)
  }
}

function notFinite(model: string, what: string, step: number, rows: Int32Array): Error {
  const shown = [...rows.subarray(0, 20)].join(', ')
  const more = rows.length > 20 ? ` and ${rows.length - 20} more` : ''
  return appError('train.loss-not-finite', { model, what, step, rows: `${shown}${more}` })
}

function lastLoss({ reports, step }: Position): { loss?: number } {
  const loss = reports.get('loss')?.[step - 1]
  return loss === undefined ? {} : { loss }
}

function chunkLength({ model }: TrainingJob, step: Step, pace: number): number {
  const byTime = Math.floor(chunkSeconds / (pace * tokensOf(step)))
  const stepBytes = step.microBatches * inputBytes(model, { batch: step.microRows, time: step.time })
  return Math.max(1, Math.min(byTime, Math.floor(chunkInputBytes / stepBytes)))
}

/** Bytes of the batch tensors of one micro-batch. */
export function inputBytes({ batch }: Pick<TrainingModel, 'batch'>, axes: AxisSizes): number {
  const sizes = batch.map(({ shape }) => sizeOf(shape.map((dim) => dimSize(dim, axes))))
  return 4 * sizes.reduce((sum, size) => sum + size, 0)
}

function totalTokens(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + tokensOf(step), 0)
}

function mostFrequentShape(steps: readonly Step[]): number {
  const counts = new Map<string, { at: number; count: number }>()
  for (const [at, { rows, time }] of steps.entries()) {
    const key = `${rows.length} ${time}`
    const found = counts.get(key)
    if (found) found.count++
    else counts.set(key, { at, count: 1 })
  }
  return [...counts.values()].reduce((most, next) => (next.count > most.count ? next : most)).at
}
