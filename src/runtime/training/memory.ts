/** What a training run will take of memory, said before it begins; one that would not fit is refused with the sizes that would. */
import { freemem, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { stepsOf } from './steps.ts'
import { inputBytes } from './training-loop.ts'
import type { TrainingRun } from './training-run.ts'

export interface MemoryPlan {
  /** Tensors that change from step to step: parameters, moments, gradients that are being added up. */
  readonly stateBytes: number
  /** The largest pass forward and backward, and its shape. */
  readonly activation: { readonly bytes: number; readonly batch: number; readonly time: number }
  /** The graph with its frozen tensors, and the rows. */
  readonly modelBytes: number
  readonly dataBytes: number
  readonly totalBytes: number
}

type Planned = Pick<
  TrainingRun,
  'name' | 'model' | 'start' | 'columns' | 'batches' | 'microTokens' | 'activationBytes'
>

interface Shape {
  readonly batch: number
  readonly time: number
}

/** Node and ONNX Runtime themselves. */
const baseBytes = 140 << 20
/** The one that a step reads, the one that it writes, and the copy that comes out of the Loop: others are given back by then. */
const stateCopies = 3
/**
 * What ONNX Runtime's allocator takes for a byte that is alive. In runs of MiniLM's shape, of 1 to 6 layers and 1,024 to
 * 4,096 positions, it took 2.2 to 3.0; with this the plan was 4% to 23% above their peaks (0.3 to 2.6 GB).
 */
const allocatorFactor = 3
/** Read as bytes, and kept by ONNX Runtime. */
const modelCopies = 2
const inputsAheadBytes = 256 << 20
/** A run above this is the only one of its kind on a machine. */
const heavyBytes = 512 << 20
const shareOfFree = 0.8

/** Bytes by what they are for, for the largest shape of the plan. */
export function planMemory(run: Planned): MemoryPlan {
  const stateBytes = run.model.state.reduce((sum, { shape }) => sum + 4 * product(shape), 0)
  const modelBytes = modelCopies * run.model.bytes.byteLength
  const dataBytes = bytesOfColumns(run)
  const fixedBytes =
    baseBytes + stateCopies * stateBytes + startBytes(run) + sumBytes(run) + modelBytes + dataBytes
  const plans = shapesOf(run).map((shape) => ({ ...shape, bytes: passBytes(run, shape) }))
  const activation = plans.reduce((most, plan) => (plan.bytes > most.bytes ? plan : most), {
    batch: 0,
    time: 0,
    bytes: 0,
  })
  return { stateBytes, activation, modelBytes, dataBytes, totalBytes: fixedBytes + activation.bytes }
}

/** Throws `train.too-large` where the plan is above what may be taken. */
export function checkMemory(run: Planned, plan: MemoryPlan, allowedBytes = allowedByDefault()): void {
  if (plan.totalBytes <= allowedBytes) return
  const fits = times(run).map((time) => ({ time, batch: largestBatch(run, plan, time, allowedBytes) }))
  const shown = fits
    .filter(({ batch }) => batch > 0)
    .map(({ time, batch }) => `${batch} rows × ${time} tokens`)
  throw appError('train.too-large', {
    model: run.name,
    need: sizeText(plan.totalBytes),
    allowed: sizeText(allowedBytes),
    shape: `${plan.activation.batch} rows × ${plan.activation.time} tokens`,
    fits:
      shown.length > 0
        ? `What fits at once: ${shown.join('; ')}.`
        : `No batch fits: the trained tensors alone take ${sizeText(plan.totalBytes - plan.activation.bytes)}.`,
  })
}

/**
 * Positions that can be computed at once for every length of the plan: a run's `microTokens`. Lengths whose batches fit
 * whole set no limit to the others. Nothing where one row is too much.
 */
export function fittingMicroTokens(run: Planned, allowedBytes = allowedByDefault()): number | undefined {
  const plan = planMemory(run)
  const tokens = times(run).map((time) => {
    const fits = largestBatch(run, plan, time, allowedBytes)
    return { positions: time * fits, isWhole: fits === mostRows(run, time) }
  })
  const limits = tokens.filter(({ isWhole }) => !isWhole).map(({ positions }) => positions)
  const least =
    limits.length > 0 ? Math.min(...limits) : Math.max(...tokens.map(({ positions }) => positions))
  return least > 0 ? least : undefined
}

/** A share of what is free, within what a container allows. */
export function allowedByDefault(): number {
  return Math.floor(shareOfFree * availableBytes())
}

/** macOS counts as free only what holds nothing at all, a few hundred MiB of any machine: what caches hold is given back when asked for. */
function availableBytes(): number {
  if (process.platform === 'darwin') return Math.max(freemem(), totalmem() / 2)
  return Math.min(freemem(), process.availableMemory())
}

/** The lock of runs that need much memory: one at a time for a user of a machine. */
export function machineLock(plan: MemoryPlan): string | undefined {
  if (plan.totalBytes <= heavyBytes) return undefined
  return join(tmpdir(), `shoal-${process.getuid?.() ?? 'user'}`, 'training.lock')
}

function largestBatch(run: Planned, plan: MemoryPlan, time: number, allowedBytes: number): number {
  const fixed = plan.totalBytes - plan.activation.bytes
  let [fits, most] = [0, mostRows(run, time)]
  while (fits < most) {
    const batch = Math.ceil((fits + most) / 2)
    if (fixed + passBytes(run, { batch, time }) <= allowedBytes) fits = batch
    else most = batch - 1
  }
  return fits
}

/** Rows of the largest batch of a length. */
function mostRows({ batches }: Planned, time: number): number {
  return batches.reduce((most, batch) => (batch.time === time ? Math.max(most, batch.rows.length) : most), 0)
}

/** The tensors that training begins with are kept beside the state. */
function startBytes({ start }: Planned): number {
  return [...start.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** Gradients that are being summed over micro-batches: those so far and the next. */
function sumBytes({ model }: Planned): number {
  if (!model.accumulates) return 0
  const trained = model.state.filter(({ start }) => start === 'parameter')
  return 2 * trained.reduce((sum, { shape }) => sum + 4 * product(shape), 0)
}

/** What is computed in a pass, and the batches that wait for one call of the runtime. */
function passBytes(run: Planned, { batch, time }: Shape): number {
  const one = inputBytes(run.model, { batch, time })
  return (
    allocatorFactor * run.activationBytes({ batch, time }) +
    one +
    Math.max(one, Math.min(inputsAheadBytes, 8 * one))
  )
}

function shapesOf({ batches, microTokens }: Planned): readonly Shape[] {
  const shapes = new Map<string, Shape>()
  for (const { microRows, time } of stepsOf(batches, microTokens))
    shapes.set(`${microRows} ${time}`, { batch: microRows, time })
  return [...shapes.values()]
}

/** Lengths of the plan, longest first. */
function times({ batches }: Planned): readonly number[] {
  return [...new Set(batches.map(({ time }) => time))].sort((a, b) => b - a)
}

function bytesOfColumns({ columns }: Planned): number {
  const arrays = new Set<ArrayBufferView>()
  for (const column of columns) {
    if ('data' in column) arrays.add(column.data)
    if ('weights' in column) arrays.add(column.weights)
    if ('starts' in column && column.starts) arrays.add(column.starts)
  }
  return [...arrays].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}

function sizeText(bytes: number): string {
  return bytes >= 1 << 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`
}
