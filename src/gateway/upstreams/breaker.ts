/**
 * A circuit breaker as a value: closed while an upstream works, open while it fails, half-open while one call tries it.
 * Nygard, Release It!, chapter 5; failures are counted over two half windows, so that a count is never older than a window.
 */

export interface BreakerPolicy {
  /** Over which failures are counted. */
  readonly windowMs: number
  /** Fewer calls than this in the window never open it. */
  readonly leastCalls: number
  /** Share of calls, 0..1, that must have failed to open it. */
  readonly failureShare: number
  /** How long it is open the first time; doubles each time that the try fails. */
  readonly openMs: number
  readonly mostOpenMs: number
}

interface Counts {
  readonly calls: number
  readonly failures: number
}

export type Breaker =
  | {
      readonly kind: 'closed'
      readonly halfSinceMs: number
      readonly now: Counts
      readonly before: Counts
      /** Openings in a row, the last of them less than a window ago. */
      readonly openings: number
    }
  | { readonly kind: 'open'; readonly untilMs: number; readonly openings: number }
  | { readonly kind: 'half-open'; readonly triedAtMs: number; readonly openings: number }

const nothing: Counts = Object.freeze({ calls: 0, failures: 0 })

/** A breaker that has seen nothing. */
export function closedBreaker(nowMs: number): Breaker {
  return { kind: 'closed', halfSinceMs: nowMs, now: nothing, before: nothing, openings: 0 }
}

/** Whether a call may pass: `no`, `yes`, or `try` where it is the one that finds out. */
export function permits(breaker: Breaker, nowMs: number): 'yes' | 'try' | 'no' {
  switch (breaker.kind) {
    case 'closed':
      return 'yes'
    case 'open':
      return nowMs >= breaker.untilMs ? 'try' : 'no'
    case 'half-open':
      return 'no'
  }
}

/** Milliseconds until a call may pass again; 0 where it may now, or where a try is under way. */
export function reopensInMs(breaker: Breaker, nowMs: number): number {
  return breaker.kind === 'open' ? Math.max(0, breaker.untilMs - nowMs) : 0
}

/** After a call was sent: an open breaker whose time is over becomes half-open. */
export function afterSending(breaker: Breaker, nowMs: number): Breaker {
  return permits(breaker, nowMs) === 'try'
    ? { kind: 'half-open', triedAtMs: nowMs, openings: breaker.openings }
    : breaker
}

/** After a try that came to nothing, such as one whose client left: the next call tries again. */
export function afterGivingUp(breaker: Breaker, nowMs: number): Breaker {
  return breaker.kind === 'half-open' ? { kind: 'open', untilMs: nowMs, openings: breaker.openings } : breaker
}

export interface BreakerOutcome {
  readonly failed: boolean
  readonly nowMs: number
  /** Uniform in [0, 1): spreads the tries of many gateways. */
  readonly jitter: number
}

/** After the answer or the failure of a call. What was sent before a breaker opened no longer counts. */
export function afterOutcome(breaker: Breaker, outcome: BreakerOutcome, policy: BreakerPolicy): Breaker {
  const { failed, nowMs } = outcome
  switch (breaker.kind) {
    case 'open':
      return breaker
    case 'half-open':
      return failed
        ? opened(breaker.openings, outcome, policy)
        : { ...closedBreaker(nowMs), openings: breaker.openings }
    case 'closed': {
      const rolled = roll(breaker, nowMs, policy.windowMs / 2)
      const now = { calls: rolled.now.calls + 1, failures: rolled.now.failures + Number(failed) }
      const calls = now.calls + rolled.before.calls
      const failures = now.failures + rolled.before.failures
      const isTooMany = calls >= policy.leastCalls && failures >= calls * policy.failureShare
      return failed && isTooMany ? opened(rolled.openings, outcome, policy) : { ...rolled, now }
    }
  }
}

function opened(openings: number, { nowMs, jitter }: BreakerOutcome, policy: BreakerPolicy): Breaker {
  const fullMs = Math.min(policy.openMs * 2 ** openings, policy.mostOpenMs)
  return { kind: 'open', untilMs: nowMs + fullMs * (0.8 + 0.4 * jitter), openings: openings + 1 }
}

type Closed = Extract<Breaker, { kind: 'closed' }>

/** A whole window without opening forgets how often it opened before. */
function roll(breaker: Closed, nowMs: number, halfMs: number): Closed {
  const halves = Math.floor((nowMs - breaker.halfSinceMs) / halfMs)
  if (halves < 1) return breaker
  return {
    kind: 'closed',
    halfSinceMs: breaker.halfSinceMs + halves * halfMs,
    now: nothing,
    before: halves === 1 ? breaker.now : nothing,
    openings: halves >= 2 ? 0 : breaker.openings,
  }
}
