/** What a key has spent this month, in sums that stay short: a month's calls added up anew every other second would stop the gateway. */

/** What was spent from a moment on, and before another where one is given, US dollars. */
export type SpentBetween = (sinceMs: number, untilMs?: number) => Promise<number>

/** Calls are dated by their beginning and kept at their end: those that began so long ago have ended. */
const settledAfterMs = 15 * 60_000

/** The running sum of one key. */
export class Spending {
  #settledUsd = 0
  /** All before this moment is in the settled sum. */
  #settledMs = Number.NEGATIVE_INFINITY

  /** US dollars since the month began, UTC; adds up the last half hour at most, and all after a start, a new month or a clock set back. */
  async sum(spent: SpentBetween, nowMs: number): Promise<number> {
    const now = new Date(nowMs)
    const monthMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth())
    if (this.#settledMs < monthMs || this.#settledMs > nowMs) {
      this.#settledMs = monthMs
      this.#settledUsd = 0
    }
    const settleMs = nowMs - settledAfterMs
    if (settleMs - this.#settledMs >= settledAfterMs) {
      this.#settledUsd += await spent(this.#settledMs, settleMs)
      this.#settledMs = settleMs
    }
    return this.#settledUsd + (await spent(this.#settledMs))
  }
}
