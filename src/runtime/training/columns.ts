/** Where the tensors of a batch come from: flat arrays over all rows, out of which a batch is gathered, and seeded dropout masks. */
import { assert } from '../../base/errors.ts'
import { seededRandom } from '../../base/random.ts'
import { type AxisSizes, dimSize } from '../../graph/dim.ts'
import { sizeOf, type Tensor } from '../tensor.ts'
import type { Piece } from './pieces.ts'
import type { TrainingModel } from './training-model.ts'

export type ColumnData = Float32Array | Int32Array

/** One tensor of a batch; its shape is declared by the model: [batch, …], or [batch, time, …] for what has a length. */
export type Column =
  /** A row is the same number of values for all. */
  | { readonly kind: 'fixed'; readonly name: string; readonly data: ColumnData }
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
  /** 0 with the probability `rate` (to 1/65536), else 1 / (1 - rate), from the seed, the step and the name (float32). */
  | { readonly kind: 'dropout'; readonly name: string; readonly rate: number }

type BatchTensor = TrainingModel['batch'][number]

/** The batch tensors of pieces of one shape, with the leading axis of pieces; `first` is the number of the first in the plan. */
export function gatherBatch(
  model: Pick<TrainingModel, 'batch'>,
  columns: readonly Column[],
  pieces: readonly Piece[],
  place: { readonly first: number; readonly seed: number },
): Readonly<Record<string, Tensor>> {
  const [piece] = pieces
  assert(piece, 'a chunk has at least one piece')
  const axes = { batch: piece.rows.length, time: piece.time }
  return Object.fromEntries(
    model.batch.map((tensor) => {
      const column = columns.find(({ name }) => name === tensor.name)
      assert(column, `no column fills the batch tensor ${tensor.name}`)
      return [tensor.name, gatherColumn({ column, tensor, pieces, axes, ...place })]
    }),
  )
}

interface Gathering {
  readonly column: Column
  readonly tensor: BatchTensor
  readonly pieces: readonly Piece[]
  readonly axes: AxisSizes
  readonly first: number
  readonly seed: number
}

function gatherColumn(gathering: Gathering): Tensor {
  const { column, tensor, pieces, axes, first, seed } = gathering
  const shape = tensor.shape.map((dim) => dimSize(dim, axes))
  const size = sizeOf(shape)
  const out = emptyTensor(tensor, [pieces.length, ...shape])
  pieces.forEach((piece, i) => {
    const part = out.data.subarray(i * size, (i + 1) * size)
    fill(column, { part, rows: piece.rows, shape, stream: streamSeed(seed, first + i) })
  })
  return out
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
  /** Of one piece. */
  readonly shape: readonly number[]
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
    case 'dropout':
      fillDropout(column, into)
      break
  }
}

type ColumnOf<K extends Column['kind']> = Extract<Column, { kind: K }>

function fillFixed({ name, data }: ColumnOf<'fixed'>, { part, rows, shape }: Part): void {
  const width = sizeOf(shape.slice(1))
  assertSameType(name, data, part)
  for (const [i, row] of rows.entries()) part.set(data.subarray(row * width, (row + 1) * width), i * width)
}

function fillRagged({ name, data, starts, pad }: ColumnOf<'ragged'>, { part, rows, shape }: Part): void {
  const [, time = 0, ...inner] = shape
  const width = sizeOf(inner)
  assertSameType(name, data, part)
  if (pad !== 0) part.fill(pad)
  for (const [i, row] of rows.entries()) {
    const values = data.subarray(starts[row]! * width, starts[row + 1]! * width)
    assert(values.length <= time * width, `${name}: row ${row} is longer than its batch of ${time} positions`)
    part.set(values, i * time * width)
  }
}

function fillMask({ starts }: ColumnOf<'mask'>, { part, rows, shape }: Part): void {
  const time = shape[1] ?? 0
  for (const [i, row] of rows.entries()) part.fill(1, i * time, i * time + starts[row + 1]! - starts[row]!)
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
function streamSeed(seed: number, place: number): number {
  return Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b)
}
