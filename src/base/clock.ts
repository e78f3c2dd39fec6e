/** Time as a value that can be given, so that tests need not wait. */

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number
  /** Milliseconds on a clock that never goes back; only differences mean anything. */
  monotonicMs(): number
}

export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
})
