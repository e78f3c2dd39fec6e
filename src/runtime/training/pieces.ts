/**
 * What one pass forward and backward computes: a batch, or a part of one where the whole would not fit in memory;
 * the gradients of a batch's pieces are added up before the optimizer takes its step.
 */
import { assert } from '../../base/errors.ts'
import type { Batch } from './batches.ts'

export interface Piece extends Batch {
  /** The optimizer step that it belongs to. */
  readonly step: number
  /** Share of the step's rows that are in this piece. */
  readonly weight: number
  /** True for the last piece of its step. */
  readonly ends: boolean
}

/** All pieces in order; with `tokens`, a batch of more positions is parted as evenly as can be. */
export function piecesOf(batches: readonly Batch[], tokens?: number): readonly Piece[] {
  return batches.flatMap((batch, step) => {
    const count = tokens === undefined ? 1 : partsOf(batch, tokens)
    const size = Math.ceil(batch.rows.length / count)
    return Array.from({ length: Math.ceil(batch.rows.length / size) }, (_, part) => {
      const rows = batch.rows.subarray(part * size, (part + 1) * size)
      const ends = (part + 1) * size >= batch.rows.length
      return { rows, time: batch.time, step, weight: rows.length / batch.rows.length, ends }
    })
  })
}

function partsOf({ rows, time }: Batch, tokens: number): number {
  assert(tokens >= 1, 'a piece has at least one token')
  return Math.ceil(rows.length / Math.max(1, Math.floor(tokens / time)))
}

/** How many pieces from `at` on have the same shape, up to `most`: what one call of the runtime can take. */
export function sameShapeFrom(pieces: readonly Piece[], at: number, most: number): number {
  const first = pieces[at]
  if (!first) return 0
  let end = at + 1
  while (end < at + most && isAlike(pieces[end], first)) end++
  return end - at
}

function isAlike(piece: Piece | undefined, first: Piece): boolean {
  return piece?.time === first.time && piece.rows.length === first.rows.length
}

/** Positions that a piece computes, padding included. */
export function tokensOf({ rows, time }: Batch): number {
  return rows.length * time
}
