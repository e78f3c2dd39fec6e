/** How many steps a time budget allows, decided once, before the schedule is fixed. */
import type { Batch } from './batches.ts'
import { tokensOf } from './steps.ts'

export interface TimeLeft {
  readonly leftMs: number
  /** As measured on this machine. */
  readonly secondsPerToken: number
}

/** The rest is kept for what differs from the measurement, for checkpoints and for giving the tensors back. */
const shareForSteps = 0.9

/** The first steps of a plan that fit, at least one; all of them where time does not matter. */
export function stepsWithin(batches: readonly Batch[], time: TimeLeft | undefined): number {
  if (!time) return batches.length
  const seconds = (shareForSteps * time.leftMs) / 1000
  let tokens = 0
  const tooMany = batches.findIndex((batch) => {
    tokens += tokensOf(batch)
    return tokens * time.secondsPerToken > seconds
  })
  return tooMany < 0 ? batches.length : Math.max(1, tooMany)
}
