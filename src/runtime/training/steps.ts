/**
 * What one step of the optimizer computes: a batch, whole or, where the whole would not fit in memory, as micro-batches
 * of one size, whose gradients are summed before the step.
 */
import { assert } from '../../base/errors.ts'
import type { Batch } from './batches.ts'

export interface Step extends Batch {
  readonly microBatches: number
  /** Rows of each; where the batch does not fill the last, its first row stands there again with no weight. */
  readonly microRows: number
}

/** All steps in order; with `tokens`, a batch of more positions is parted. */
export function stepsOf(batches: readonly Batch[], tokens?: number): readonly Step[] {
  return batches.map((batch) => {
    const most = tokens === undefined ? batch.rows.length : Math.max(1, Math.floor(tokens / batch.time))
    assert(batch.rows.length > 0, 'a batch has at least one row')
    const microBatches = Math.ceil(batch.rows.length / most)
    return { ...batch, microBatches, microRows: Math.ceil(batch.rows.length / microBatches) }
  })
}

/** How many steps from `at` on have the same shape, up to `most`: what one call of the runtime can take. */
export function sameShapeFrom(steps: readonly Step[], at: number, most: number): number {
  const first = steps[at]
  if (!first) return 0
  let end = at + 1
  while (end < at + most && end < steps.length && isAlike(steps[end]!, first)) end++
  return end - at
}

function isAlike(step: Step, first: Step): boolean {
  return (
    step.time === first.time && step.microRows === first.microRows && step.microBatches === first.microBatches
  )
}

/** Positions that a batch computes, padding included. */
export function tokensOf({ rows, time }: Batch): number {
  return rows.length * time
}
