/** At most so many calls at one moment; a few more wait their turn, first come, first served, and not for long. */
import type { AbortEmitter } from './abort-emitter.ts'

export interface Slots {
  /** Resolves with what gives the slot back, once; `undefined` where none came free in time. Rejects where the signal fires. */
  take(options: { readonly waitMs: number; readonly signal: AbortEmitter }): Promise<Release | undefined>
  /** The same at once, where one is free. */
  tryTake(): Release | undefined
  readonly active: number
  readonly waiting: number
}

export type Release = () => void

/** `most` calls at one moment, and as many that wait. */
export function createSlots(most: number): Slots {
  let active = 0
  const queue = new Set<(release: Release) => void>()
  const release = (): Release => {
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      active--
      const [next] = queue
      if (next === undefined) return
      queue.delete(next)
      active++
      next(release())
    }
  }
  const tryTake = (): Release | undefined => {
    if (active >= most) return undefined
    active++
    return release()
  }
  return {
    tryTake,
    take: ({ waitMs, signal }) => {
      const free = tryTake()
      if (free || queue.size >= most || waitMs <= 0) return Promise.resolve(free)
      return new Promise((resolve, reject) => {
        const finish = (given: Release | undefined): void => {
          clearTimeout(timer)
          queue.delete(finish)
          signal.off('abort', onAbort)
          resolve(given)
        }
        const onAbort = (): void => {
          clearTimeout(timer)
          queue.delete(finish)
          reject(new Error('given up while waiting for a place'))
        }
        const timer = setTimeout(() => finish(undefined), waitMs)
        queue.add(finish)
        signal.once('abort', onAbort)
      })
    },
    get active() {
      return active
    },
    get waiting() {
      return queue.size
    },
  }
}
