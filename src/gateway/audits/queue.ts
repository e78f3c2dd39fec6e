/** Work that waits its turn in the background: a bounded number of items, a bounded number at once, and never in the way of anything. */

export interface BoundedQueue<Item> {
  /** False where there is no room: the item is not taken. */
  offer(item: Item): boolean
  readonly waiting: number
  /** Forgets what waits and resolves when what is under way has ended; gives back how many were forgotten. */
  stop(): Promise<number>
}

export interface QueueOptions<Item> {
  readonly mostWaiting: number
  /** Sum of the items' sizes that may wait. */
  readonly mostBytes: number
  readonly atOnce: number
  readonly sizeOf: (item: Item) => number
  /** Must not reject. */
  readonly work: (item: Item) => Promise<void>
}

/** A queue that begins an item in a later turn of the event loop than the one in which it was offered. */
export function boundedQueue<Item>(options: QueueOptions<Item>): BoundedQueue<Item> {
  const waiting: Item[] = []
  const active = new Set<Promise<void>>()
  let [bytes, isStopped] = [0, false]
  const begin = (): void => {
    while (active.size < options.atOnce && waiting.length > 0) {
      const item = waiting.shift()!
      bytes -= options.sizeOf(item)
      const work = options.work(item).finally(() => {
        active.delete(work)
        begin()
      })
      active.add(work)
    }
  }
  return {
    offer: (item) => {
      const size = options.sizeOf(item)
      if (isStopped || waiting.length >= options.mostWaiting || bytes + size > options.mostBytes) return false
      waiting.push(item)
      bytes += size
      setImmediate(begin)
      return true
    },
    get waiting() {
      return waiting.length
    },
    stop: async () => {
      isStopped = true
      const forgotten = waiting.splice(0).length
      await Promise.all(active)
      return forgotten
    },
  }
}
