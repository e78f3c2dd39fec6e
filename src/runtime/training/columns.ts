/** Where the tensors of a batch come from: flat arrays over all rows, out of which a batch is gathered, and seeded dropout masks. */
import { assert } from '../../base/errors.ts'
import { seededRandom } from '../../base/random.ts'
import { type AxisSizes, dimSize } from '../../graph/dim.ts'
import type { TrainingModel } from '../../onnx/lower-training.ts'
import { sizeOf, type Tensor } from '../tensor.ts'
import type { Step } from './steps.ts'

export type ColumnData = Float32Array | Int32Array

/** One tensor of a batch; its shape is declared by the model: [batch, …], or [batch, time, …] for what has a length. */
export type Column =
  /**
   * A row is the same number of values for all. Rows that only fill a micro-batch up are its first again, or zeros where
   * `spare` says so, as it must for what weighs a row in the loss.
   */
  | { readonly kind: 'fixed'; readonly name: string; readonly data: ColumnData; readonly spare?: 'zeros' }
  /** A row has its own length: its positions are `starts[row]` to `starts[row + 1]`; the rest is filled with `pad`. */
  | {
      readonly kind: 'ragged'
      readonly name: string
      readonly data: ColumnData
      readonly starts: Int32Array
      readonly pad: number
    }
  /** 1 at the positions of a row, 0 beyond them (float32). */
  | { readonly kind: 'mask'; readonly name: string; readonly starts: Int32Array }
  /**
   * Share of a row, or of a position where there are `starts`, in the loss of its step: its weight over the sum of all
   * weights of the step (float32). A loss that is summed with these is the mean over the step, however it is parted; in a
   * step of which nothing weighs anything it is 0.
   */
  | {
      readonly kind: 'share'
      readonly name: string
      readonly weights: Float32Array
      readonly starts?: Int32Array
    }
  /** Whole numbers from 0 to below `below` (int32), from the seed, the step and the name: rows of a bank of dropout masks. */
  | { readonly kind: 'choice'; readonly name: string; readonly below: number }
  /** 0 with the probability `rate` (to 1/65536), else 1 / (1 - rate), from the seed, the step and the name (float32). */
  | { readonly kind: 'dropout'; readonly name: string; readonly rate: number }

type BatchTensor = TrainingModel['batch'][number]

/** The batch tensors of steps of one shape, with the leading axes of steps and micro-batches; `first` is the number of the first. */
export function gatherBatch(
  model: Pick<TrainingModel, 'batch' | 'accumulates'>,
  columns: readonly Column[],
  steps: readonly Step[],
  place: { readonly first: number; readonly seed: number },
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    model.batch.map((tensor) => {
      const column = columns.find(({ name }) => name === tensor.name)
      assert(column, `no column fills the batch tensor ${tensor.name}`)
      const { accumulates } = model
      return [tensor.name, gatherColumn({ column, tensor, steps, accumulates, ...place })]
    }),
  )
}

interface Gathering {
  readonly column: Column
  readonly tensor: BatchTensor
  readonly steps: readonly Step[]
  readonly accumulates: boolean
  readonly first: number
  readonly seed: number
}

function gatherColumn({ column, tensor, steps, accumulates, first, seed }: Gathering): Tensor {
  const [{ microBatches, microRows, time } = noSteps] = steps
  const axes: AxisSizes = { batch: microRows, time }
  const shape = tensor.shape.map((dim) => dimSize(dim, axes))
  const size = sizeOf(shape)
  const leading = accumulates ? [steps.length, microBatches] : [steps.length]
  const out = emptyTensor(tensor, [...leading, ...shape])
  for (const [i, step] of steps.entries()) {
    const scale = column.kind === 'share' ? shareScale(column, step.rows) : 1
    for (let micro = 0; micro < microBatches; micro++) {
      const at = (i * microBatches + micro) * size
      const part = out.data.subarray(at, at + size)
      const rows = step.rows.subarray(micro * microRows, (micro + 1) * microRows)
      fill(column, {
        part,
        rows,
        spare: microRows - rows.length,
        shape,
        scale,
        stream: streamSeed(seed, first + i, micro),
      })
    }
  }
  return out
}

const noSteps = { microBatches: 0, microRows: 0, time: 0 }

/** 1 over all weights of a step; of rows held aside, a small batch may have no others. */
function shareScale({ weights, starts }: ColumnOf<'share'>, rows: Int32Array): number {
  let total = 0
  for (const row of rows) {
    if (!starts) total += weights[row]!
    else for (let i = starts[row]!; i < starts[row + 1]!; i++) total += weights[i]!
  }
  return total > 0 ? 1 / total : 0
}

type FloatOrIntTensor = Extract<Tensor, { dtype: 'float32' | 'int32' }>

function emptyTensor({ name, dtype }: BatchTensor, shape: readonly number[]): FloatOrIntTensor {
  assert(dtype !== 'bool', `the batch tensor ${name} is bool, which nothing fills: use float32`)
  if (dtype === 'int32') return { dtype, shape, data: new Int32Array(sizeOf(shape)) }
  return { dtype, shape, data: new Float32Array(sizeOf(shape)) }
}

interface Part {
  readonly part: ColumnData
  readonly rows: Int32Array
  /** Rows at the end that the batch does not fill. */
  readonly spare: number
  /** Of one micro-batch. */
  readonly shape: readonly number[]
  readonly scale: number
  readonly stream: number
}

function fill(column: Column, into: Part): void {
  switch (column.kind) {
    case 'fixed':
      fillFixed(column, into)
      break
    case 'ragged':
      fillRagged(column, into)
      break
    case 'mask':
      fillMask(column, into)
      break
    case 'share':
      fillShare(column, into)
      break
    case 'choice':
      fillChoice(column, into)
      break
    case 'dropout':
      fillDropout(column, into)
      break
  }
}

type ColumnOf<K extends Column['kind']> = Extract<Column, { kind: K }>

function fillFixed(column: ColumnOf<'fixed'>, { part, rows, spare, shape }: Part): void {
  const { name, data } = column
  const width = sizeOf(shape.slice(1))
  assertSameType(name, data, part)
  const copy = (row: number, i: number): void => {
    const values = data.subarray(row * width, (row + 1) * width)
    assert(
      values.length === width,
      `${name}: row ${row} is not there: it has ${data.length} values of ${width} a row`,
    )
    part.set(values, i * width)
  }
  for (const [i, row] of rows.entries()) copy(row, i)
  if (column.spare === 'zeros') return
  for (let i = 0; i < spare; i++) copy(rows[0] ?? 0, rows.length + i)
}

function fillRagged(
  { name, data, starts, pad }: ColumnOf<'ragged'>,
  { part, rows, spare, shape }: Part,
): void {
  const [, time = 0, ...inner] = shape
  const width = sizeOf(inner)
  assertSameType(name, data, part)
  if (pad !== 0) part.fill(pad)
  const copy = (row: number, i: number): void => {
    const values = data.subarray(starts[row]! * width, starts[row + 1]! * width)
    assert(values.length <= time * width, `${name}: row ${row} is longer than its batch of ${time} positions`)
    part.set(values, i * time * width)
  }
  for (const [i, row] of rows.entries()) copy(row, i)
  for (let i = 0; i < spare; i++) copy(rows[0] ?? 0, rows.length + i)
}

function fillMask({ starts }: ColumnOf<'mask'>, { part, rows, spare, shape }: Part): void {
  const time = shape[1] ?? 0
  const mark = (row: number, i: number): void => {
    part.fill(1, i * time, i * time + starts[row + 1]! - starts[row]!)
  }
  for (const [i, row] of rows.entries()) mark(row, i)
  for (let i = 0; i < spare; i++) mark(rows[0] ?? 0, rows.length + i)
}

/** Rows that only fill a micro-batch up have no share. */
function fillShare({ weights, starts }: ColumnOf<'share'>, { part, rows, shape, scale }: Part): void {
  const time = shape[1] ?? 1
  for (const [i, row] of rows.entries()) {
    const from = starts ? starts[row]! : row
    const to = starts ? starts[row + 1]! : row + 1
    for (let k = from; k < to; k++) part[i * time + k - from] = weights[k]! * scale
  }
}

function fillChoice({ name, below }: ColumnOf<'choice'>, { part, stream }: Part): void {
  const random = seededRandom(stream).fork(name)
  for (let i = 0; i < part.length; i++) part[i] = random.below(below)
}

/** One draw of 32 bits serves two positions. */
function fillDropout({ name, rate }: ColumnOf<'dropout'>, { part, stream }: Part): void {
  const random = seededRandom(stream).fork(name)
  const below = Math.round(rate * 65536)
  const kept = 65536 / (65536 - below)
  for (let i = 0; i < part.length; i += 2) {
    const bits = random.next() * 4294967296
    part[i] = (bits & 0xffff) < below ? 0 : kept
    if (i + 1 < part.length) part[i + 1] = bits / 65536 < below ? 0 : kept
  }
}

function assertSameType(name: string, from: ColumnData, into: ColumnData): void {
  assert(
    from.constructor === into.constructor,
    `the column ${name} is ${from.constructor.name} where the model wants another type`,
  )
}

/** Seeds of neighbouring steps are far apart. */
function streamSeed(seed: number, step: number, micro: number): number {
  return Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b) ^ Math.imul(micro, 0xc2b2ae35)
}
