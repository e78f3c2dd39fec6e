/**
 * A map from pairs of whole numbers to whole numbers in flat arrays: the merges of a BPE and the edges of a trie, hundreds of
 * thousands of entries that a Map of strings takes half a second and a hundred megabytes for.
 */

/** Pairs of numbers from 0 to 2^31 - 2, each with a value of the same range. */
export interface PairTable {
  get(first: number, second: number): number | undefined
  set(first: number, second: number, value: number): void
}

const free = -1

/** An empty table with room for `expected` pairs before it grows. */
export function createPairTable(expected: number): PairTable {
  let size = 0
  let slots = emptySlots(expected)

  return {
    get(first, second) {
      const value = slots.values[findSlot(slots, first, second)]!
      return value === free ? undefined : value
    },
    set(first, second, value) {
      if (2 * (size + 1) > slots.values.length) slots = moved(slots)
      const slot = findSlot(slots, first, second)
      if (slots.values[slot] === free) size++
      slots.firsts[slot] = first
      slots.seconds[slot] = second
      slots.values[slot] = value
    },
  }
}

interface Slots {
  readonly firsts: Int32Array
  readonly seconds: Int32Array
  readonly values: Int32Array
}

function emptySlots(expected: number): Slots {
  const count = 2 ** Math.ceil(Math.log2(Math.max(16, expected * 2)))
  return {
    firsts: new Int32Array(count),
    seconds: new Int32Array(count),
    values: new Int32Array(count).fill(free),
  }
}

/** The slot of the pair, or the free one where it would go. */
function findSlot({ firsts, seconds, values }: Slots, first: number, second: number): number {
  const mask = values.length - 1
  let slot = hashOf(first, second) & mask
  while (values[slot] !== free && (firsts[slot] !== first || seconds[slot] !== second))
    slot = (slot + 1) & mask
  return slot
}

function hashOf(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 1, 0x85ebca6b)
  const spread = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
  return spread ^ (spread >>> 13)
}

function moved(slots: Slots): Slots {
  const larger = emptySlots(slots.values.length)
  slots.values.forEach((value, from) => {
    if (value === free) return
    const slot = findSlot(larger, slots.firsts[from]!, slots.seconds[from]!)
    larger.firsts[slot] = slots.firsts[from]!
    larger.seconds[slot] = slots.seconds[from]!
    larger.values[slot] = value
  })
  return larger
}
