/** After how many calls a training is paid back, and how sure that is: the calls' own variation, resampled in blocks of time. */
import { seededRandom } from '../base/random.ts'
import { drawRows } from '../stats/bootstrap.ts'
import { ascendingCopy, upperQuantileOfSorted } from '../stats/quantile.ts'

/** Calls of a stretch of time, in order, and what they saved: avoided, minus audits and this machine's work. */
export interface SavingBlock {
  readonly fromMs: number
  readonly calls: number
  readonly netUsd: number
}

/** Calls since training began, and days with calls, as they were so far; the ends of a 95% interval are absent where there are none. */
export type CallsNeeded = {
  readonly calls: number
  readonly callsLow: number
  readonly callsHigh?: number
  readonly days: number
  readonly daysLow: number
  readonly daysHigh?: number
}

export type BreakEven =
  /** Nothing was spent on training. */
  | { readonly kind: 'nothing-to-pay-back' }
  /** Too few stretches of time with calls to say. */
  | { readonly kind: 'too-early'; readonly blocks: number; readonly needed: number }
  | { readonly kind: 'paid-back'; readonly calls: number; readonly atMs: number }
  | ({ readonly kind: 'expected' } & CallsNeeded)
  /** Calls cost more than they save at the rate so far. */
  | { readonly kind: 'never'; readonly netUsdPerCall: number }

export interface BreakEvenOptions {
  readonly trainingUsd: number
  /** Days on which there were calls. */
  readonly activeDays: number
  readonly seed: number
}

/** Fewer blocks say nothing about their variation. */
export const leastBlocks = 8
const rounds = 1000

/** When the savings have paid for training, by what they were so far. */
export function breakEven(blocks: readonly SavingBlock[], options: BreakEvenOptions): BreakEven {
  const { trainingUsd, activeDays } = options
  if (trainingUsd <= 0) return { kind: 'nothing-to-pay-back' }
  const calls = blocks.reduce((sum, block) => sum + block.calls, 0)
  const net = blocks.reduce((sum, block) => sum + block.netUsd, 0)
  const paid = net >= trainingUsd ? paidBack(blocks, trainingUsd) : undefined
  if (paid) return paid
  if (blocks.length < leastBlocks) return { kind: 'too-early', blocks: blocks.length, needed: leastBlocks }
  if (net <= 0) return { kind: 'never', netUsdPerCall: calls === 0 ? 0 : net / calls }
  const needed = trainingUsd / (net / calls)
  const { low, high } = resampled(blocks, trainingUsd, options.seed)
  const callsPerDay = calls / Math.max(1, activeDays)
  return {
    kind: 'expected',
    calls: Math.ceil(needed),
    callsLow: Math.ceil(low),
    ...(Number.isFinite(high) && { callsHigh: Math.ceil(high), daysHigh: high / callsPerDay }),
    days: needed / callsPerDay,
    daysLow: low / callsPerDay,
  }
}

/** The first block at whose end the savings have reached the cost. */
function paidBack(blocks: readonly SavingBlock[], trainingUsd: number): BreakEven | undefined {
  let [calls, net] = [0, 0]
  for (const block of blocks) {
    calls += block.calls
    net += block.netUsd
    if (net >= trainingUsd) return { kind: 'paid-back', calls, atMs: block.fromMs }
  }
  return undefined
}

/** The 95% percentile interval of the calls needed; draws that save nothing need infinitely many. */
function resampled(
  blocks: readonly SavingBlock[],
  trainingUsd: number,
  seed: number,
): { readonly low: number; readonly high: number } {
  const random = seededRandom(seed)
  const needed = Array.from({ length: rounds }, () => {
    let [calls, net] = [0, 0]
    for (const at of drawRows(blocks.length, blocks.length, random)) {
      calls += blocks[at]!.calls
      net += blocks[at]!.netUsd
    }
    return net > 0 ? trainingUsd / (net / calls) : Number.POSITIVE_INFINITY
  })
  const sorted = ascendingCopy(needed)
  return { low: upperQuantileOfSorted(sorted, 0.025), high: upperQuantileOfSorted(sorted, 0.975) }
}
