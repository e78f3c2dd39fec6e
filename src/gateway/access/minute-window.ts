/** Counts calls in a sliding minute, by seconds, in bounded memory. */

const seconds = 60

/** A window that lets at most a number of calls pass in any sixty seconds. */
export class MinuteWindow {
  readonly #counts = new Uint32Array(seconds)
  /** The second, since the clock's start, that was counted last. */
  #second = 0
  #total = 0

  /** Counts a call where the limit allows it; else says in how many whole seconds it would. `nowMs` never goes back. */
  take(limit: number, nowMs: number): 'taken' | number {
    this.#advance(Math.floor(nowMs / 1000))
    if (this.#total >= limit) return this.#secondsUntilFree(limit)
    this.#counts[this.#second % seconds]!++
    this.#total++
    return 'taken'
  }

  #advance(second: number): void {
    for (let steps = Math.min(seconds, second - this.#second); steps > 0; steps--) {
      const slot = (second - steps + 1) % seconds
      this.#total -= this.#counts[slot]!
      this.#counts[slot] = 0
    }
    this.#second = Math.max(this.#second, second)
  }

  #secondsUntilFree(limit: number): number {
    let left = this.#total
    for (let wait = 1; wait < seconds; wait++) {
      left -= this.#counts[(this.#second + wait) % seconds]!
      if (left < limit) return wait
    }
    return seconds
  }
}
