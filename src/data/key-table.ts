/** A table from 64-bit keys to small numbers in typed arrays: 12 bytes a slot where a Map of strings takes over 100. */
import type { Key64 } from './duplicate-key.ts'

const firstSlots = 1024

/** Keys are never removed; the number of a key is its place in the order of arrival, from 0. */
export class KeyTable {
  #high = new Uint32Array(firstSlots)
  #low = new Uint32Array(firstSlots)
  /** Number of the key plus one; 0 marks an empty slot. */
  #numbers = new Uint32Array(firstSlots)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of a key, which is `size` before the call where the key is new. */
  add(key: Key64): number {
    if (this.#size * 3 >= this.#numbers.length * 2) this.#grow()
    const slot = this.#slotOf(key.high, key.low)
    const number = this.#numbers[slot]!
    if (number > 0) return number - 1
    this.#put(slot, key.high, key.low, this.#size + 1)
    return this.#size++
  }

  /** The number of a key that is there. */
  find(key: Key64): number | undefined {
    const number = this.#numbers[this.#slotOf(key.high, key.low)]!
    return number > 0 ? number - 1 : undefined
  }

  /** The slot that holds a key, or the empty one where it belongs (linear probing; the keys are hashes already). */
  #slotOf(high: number, low: number): number {
    const mask = this.#numbers.length - 1
    let slot = low & mask
    while (this.#numbers[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask
    return slot
  }

  #put(slot: number, high: number, low: number, number: number): void {
    this.#high[slot] = high
    this.#low[slot] = low
    this.#numbers[slot] = number
  }

  #grow(): void {
    const [high, low, numbers] = [this.#high, this.#low, this.#numbers]
    const slots = numbers.length * 2
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#numbers = new Uint32Array(slots)
    for (let old = 0; old < numbers.length; old++) {
      if (numbers[old] === 0) continue
      this.#put(this.#slotOf(high[old]!, low[old]!), high[old]!, low[old]!, numbers[old]!)
    }
  }
}
