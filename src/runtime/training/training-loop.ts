/**
 * The steps of a training run, chunk after chunk: one call of the runtime takes a second or two of steps of one shape,
 * since parameters are copied in and out with each. Where chunks begin and end does not change what is computed.
 */

import type { Clock } from '../../base/clock.ts'
import { appError } from '../../base/errors.ts'
import { dimSize } from '../../graph/dim.ts'
import type { Tensors } from '../runtime.ts'
import { float32Tensor, floatsOf, type Tensor } from '../tensor.ts'
import type { Checkpoint } from './checkpoint.ts'
import { gatherBatch } from './columns.ts'
import type { ChunkMessage, TrainingJob } from './job.ts'
import { type Piece, sameShapeFrom, tokensOf } from './pieces.ts'

/** Where a run stands: pieces done, the state's tensors, what was reported for each piece. */
export interface Position {
  readonly pieces: number
  readonly state: ReadonlyMap<string, Float32Array>
  readonly reports: ReadonlyMap<string, Float32Array>
}

export interface LoopOptions {
  readonly job: TrainingJob
  readonly plan: string
  /** Steps in all; the plan's later ones are left out. */
  readonly steps: number
  readonly pieces: readonly Piece[]
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
  pieces: number,
): Position {
  const state = model.state.map(({ name, shape, start: from }) => {
    const size = shape.reduce((product, length) => product * length, 1)
    const given = from === 'parameter' ? start.get(name) : new Float32Array(size)
    if (given?.length !== size)
      throw appError('train.start-tensor', { tensor: name, got: given?.length ?? 'none', expected: size })
    return [name, given] as const
  })
  const reports = model.reports.map((name) => [name, new Float32Array(pieces)] as const)
  return { pieces: 0, state: new Map(state), reports: new Map(reports) }
}

/** Trains from a position to the end of the plan. Throws `train.loss-not-finite` and what `run` and `save` throw. */
export async function trainSteps(options: LoopOptions, from: Position): Promise<Position> {
  const { job, pieces, clock, onChunk } = options
  let position = from
  let pace = unknownPace
  let savedAt = clock.monotonicMs()
  while (position.pieces < pieces.length) {
    const began = clock.monotonicMs()
    const count = sameShapeFrom(pieces, position.pieces, chunkLength(job, pieces[position.pieces]!, pace))
    const chunk = pieces.slice(position.pieces, position.pieces + count)
    position = await runChunk(options, position, chunk)
    const seconds = (clock.monotonicMs() - began) / 1000
    const tokens = chunk.reduce((sum, piece) => sum + tokensOf(piece), 0)
    pace = seconds / tokens
    onChunk({
      kind: 'chunk',
      step: stepsDone(pieces, position.pieces),
      tokens,
      seconds,
      ...lastLoss(position),
    })
    const isLast = position.pieces === pieces.length
    const isDue = clock.monotonicMs() - savedAt >= (job.checkpoints?.everyMs ?? Number.POSITIVE_INFINITY)
    if (options.save && (isLast || isDue)) {
      assertFiniteState(options, position)
      await options.save(toCheckpoint(options, position))
      savedAt = clock.monotonicMs()
    }
  }
  assertFiniteState(options, position)
  return position
}

/** Seconds that a position takes, measured on the most frequent shape; what is computed is thrown away. */
export async function measurePace(options: LoopOptions, from: Position): Promise<number> {
  const { pieces, clock } = options
  const [first] = pieces
  if (!first) return 0
  const at = mostFrequentShape(pieces)
  const chunk = pieces.slice(at, at + sameShapeFrom(pieces, at, 2))
  const place = { ...from, pieces: at }
  // The first call also allocates and warms up.
  await runChunk(options, place, chunk)
  const began = clock.monotonicMs()
  await runChunk(options, place, chunk)
  const tokens = chunk.reduce((sum, piece) => sum + tokensOf(piece), 0)
  return (clock.monotonicMs() - began) / 1000 / tokens
}

/** Optimizer steps that are complete when so many pieces are done. */
export function stepsDone(pieces: readonly Piece[], done: number): number {
  const next = pieces[done]
  if (next) return next.step
  return done === 0 ? 0 : pieces[done - 1]!.step + 1
}

/** The position that a checkpoint holds. */
export function fromCheckpoint(
  { model }: TrainingJob,
  { pieces, tensors }: Checkpoint,
  total: number,
): Position {
  const state = model.state.map(({ name }) => [name, tensors.get(name) ?? new Float32Array(0)] as const)
  const reports = model.reports.map((name) => {
    const values = new Float32Array(total)
    values.set(tensors.get(reportKey(name)) ?? [])
    return [name, values] as const
  })
  return { pieces, state: new Map(state), reports: new Map(reports) }
}

function toCheckpoint({ plan, steps }: LoopOptions, { pieces, state, reports }: Position): Checkpoint {
  const kept = [...reports].map(([name, values]) => [reportKey(name), values.subarray(0, pieces)] as const)
  return { plan, steps, pieces, tensors: new Map([...state, ...kept]) }
}

function reportKey(name: string): string {
  return `report:${name}`
}

async function runChunk(
  { job, run }: LoopOptions,
  position: Position,
  chunk: readonly Piece[],
): Promise<Position> {
  const { model, columns, seed } = job
  const batch = gatherBatch(model, columns, chunk, { first: position.pieces, seed })
  const state = model.state.map(({ name, shape }) => [name, float32Tensor(shape, position.state.get(name)!)])
  const schedule = model.schedule.map((name) => [name, scheduleOf(job, name, chunk)])
  const wanted = [...model.state.map(({ name }) => `${name}.next`), ...model.reports]
  const outputs = await run(
    { ...Object.fromEntries(state), ...batch, ...Object.fromEntries(schedule) },
    wanted,
  )
  for (const name of model.reports)
    position.reports.get(name)?.set(floatsOf(outputs[name], name), position.pieces)
  assertFiniteLoss(job, position, chunk)
  const next = model.state.map(({ name }) => [name, floatsOf(outputs[`${name}.next`], name)] as const)
  return { ...position, pieces: position.pieces + chunk.length, state: new Map(next) }
}

/** `apply` and `weight` say how pieces make up a step; everything else is the plan's value of the step. */
function scheduleOf({ schedule }: TrainingJob, name: string, chunk: readonly Piece[]): Tensor {
  const values = schedule[name]
  return float32Tensor(
    [chunk.length],
    Float32Array.from(chunk, ({ step, ends, weight }) => {
      if (name === 'apply') return ends ? 1 : 0
      return name === 'weight' ? weight : (values?.[step] ?? Number.NaN)
    }),
  )
}

function assertFiniteLoss({ name, model }: TrainingJob, position: Position, chunk: readonly Piece[]): void {
  for (const report of model.reports) {
    const values =
      position.reports.get(report)?.subarray(position.pieces, position.pieces + chunk.length) ?? []
    const at = values.findIndex((value) => !Number.isFinite(value))
    if (at < 0) continue
    throw appError('train.loss-not-finite', {
      model: name,
      what: `${report} is ${values[at]}`,
      step: chunk[at]!.step + 1,
      rows: rowsText(chunk[at]!.rows),
    })
  }
}

/** A loss may be finite and its step's update not be: such weights are never kept. */
function assertFiniteState({ job, pieces }: LoopOptions, position: Position): void {
  for (const [tensor, values] of position.state) {
    const at = values.findIndex((value) => !Number.isFinite(value))
    if (at < 0) continue
    throw appError('train.loss-not-finite', {
      model: job.name,
      what: `${tensor}[${at}] is ${values[at]}`,
      step: stepsDone(pieces, position.pieces),
      rows: rowsText(pieces[Math.max(0, position.pieces - 1)]?.rows ?? new Int32Array()),
    })
  }
}

function rowsText(rows: Int32Array): string {
  const shown = [...rows.subarray(0, 20)].join(', ')
  return rows.length > 20 ? `${shown} and ${rows.length - 20} more` : shown
}

function lastLoss({ reports, pieces }: Position): { loss?: number } {
  const loss = reports.get('loss')?.[pieces - 1]
  return loss === undefined ? {} : { loss }
}

function chunkLength(job: TrainingJob, piece: Piece, pace: number): number {
  const byTime = Math.floor(chunkSeconds / (pace * tokensOf(piece)))
  const oneBytes = inputBytes(job, piece)
  return Math.max(1, Math.min(byTime, Math.floor(chunkInputBytes / oneBytes)))
}

/** Bytes of the batch tensors of one piece. */
export function inputBytes(
  { model }: Pick<TrainingJob, 'model'>,
  { rows, time }: { readonly rows: { readonly length: number }; readonly time: number },
): number {
  const axes = { batch: rows.length, time }
  return model.batch.reduce(
    (sum, { shape }) => sum + 4 * shape.reduce<number>((size, dim) => size * dimSize(dim, axes), 1),
    0,
  )
}

function mostFrequentShape(pieces: readonly Piece[]): number {
  const counts = new Map<string, { at: number; count: number }>()
  for (const [at, { rows, time }] of pieces.entries()) {
    const key = `${rows.length} ${time}`
    const found = counts.get(key)
    if (found) found.count++
    else counts.set(key, { at, count: 1 })
  }
  return [...counts.values()].reduce((most, next) => (next.count > most.count ? next : most)).at
}
