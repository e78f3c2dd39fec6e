/** Long work on the store as many short transactions, with room between them for whoever else wants to write. */
import { setTimeout as wait } from 'node:timers/promises'

const shortestPauseMs = 2

/** Repeats a step until it says that nothing is left, and pauses at least as long as each step took. */
export async function inSmallSteps(step: () => boolean): Promise<void> {
  for (;;) {
    const began = performance.now()
    const isMoreLeft = step()
    if (!isMoreLeft) return
    await wait(Math.max(shortestPauseMs, performance.now() - began))
  }
}
