/** What the demonstration has seen so far, and the figures that follow from it. */
import type { Certificate } from '../../trust/certificate.ts'
import type { ClientResult } from './outside.ts'

/** Stated inputs: shown wherever a figure depends on them. */
export interface StatedInputs {
  readonly standInLatencyMs: number
  readonly promptUsdPerMillion: number
  readonly completionUsdPerMillion: number
  readonly callsPerSecond: number
  /** Fewer while the specialist is trained, so that enough mails are left for it on a slow machine too. */
  readonly callsPerSecondInTraining: number
}

export type DemoPhase =
  | { readonly kind: 'gathering'; readonly needed: number }
  | { readonly kind: 'training'; readonly sinceMs: number }
  | {
      readonly kind: 'serving'
      readonly specialist: string
      readonly trainedInMs: number
      readonly certificate: Certificate
    }
  | { readonly kind: 'not-promoted'; readonly why: string }

export interface DemoState {
  readonly stated: StatedInputs
  readonly mails: number
  phase: DemoPhase
  readonly local: Side
  readonly upstream: Side
  failed: number
  /** The first words of the last failure, so that it can be shown. */
  lastProblem?: string
  /** When the first call was answered locally, milliseconds since the command began. */
  firstLocalMs?: number
  /** Answered locally or not, of the calls since promotion. */
  sincePromotion: { calls: number; local: number }
}

interface Side {
  calls: number
  wrong: number
  promptTokens: number
  completionTokens: number
  readonly latenciesMs: number[]
}

/** Nothing seen yet. */
export function newDemoState(
  stated: StatedInputs,
  options: { readonly mails: number; readonly needed: number },
): DemoState {
  const side = (): Side => ({ calls: 0, wrong: 0, promptTokens: 0, completionTokens: 0, latenciesMs: [] })
  return {
    stated,
    mails: options.mails,
    phase: { kind: 'gathering', needed: options.needed },
    local: side(),
    upstream: side(),
    failed: 0,
    sincePromotion: { calls: 0, local: 0 },
  }
}

/** Counts a call. */
export function noteResult(state: DemoState, result: ClientResult): void {
  if (result.problem !== undefined) {
    state.failed++
    state.lastProblem = result.problem
    return
  }
  const side = result.local ? state.local : state.upstream
  side.calls++
  if (result.local) state.firstLocalMs ??= performance.now()
  if (!result.right) side.wrong++
  side.promptTokens += result.promptTokens
  side.completionTokens += result.completionTokens
  side.latenciesMs.push(result.latencyMs)
  if (state.phase.kind !== 'serving') return
  state.sincePromotion.calls++
  if (result.local) state.sincePromotion.local++
}

/** Money at the stated price for one side's tokens, USD. */
export function moneyUsd(side: DemoState['local'], stated: StatedInputs): number {
  return (
    (side.promptTokens * stated.promptUsdPerMillion +
      side.completionTokens * stated.completionUsdPerMillion) /
    1e6
  )
}

/** The q-quantile of latencies, milliseconds; `undefined` where there are none. */
export function latencyQuantile(side: DemoState['local'], q: number): number | undefined {
  const sorted = side.latenciesMs.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
}
