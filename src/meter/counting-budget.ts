/** How much of a thread's time goes into counting tokens: where calls come faster than they can be counted exactly, the rule of bytes stands in. */

export interface CountingBudget {
  /** Does some counting and notes how long it took. */
  spend<T>(work: () => T): T
  /** False while the share is used up. */
  readonly hasLeft: boolean
}

/** A share of the time that passes, saved up for at most `mostMs`. */
export function countingBudget(options: {
  readonly share: number
  readonly mostMs: number
  readonly nowMs: () => number
}): CountingBudget {
  let left = options.mostMs
  let at = options.nowMs()
  const refill = (): void => {
    const now = options.nowMs()
    left = Math.min(options.mostMs, left + (now - at) * options.share)
    at = now
  }
  return {
    spend: (work) => {
      const began = options.nowMs()
      try {
        return work()
      } finally {
        left -= options.nowMs() - began
      }
    },
    get hasLeft() {
      refill()
      return left > 0
    },
  }
}
