import { expect, test } from 'vitest'
import { createDenseMemory } from './dense-memory.ts'

test('arrays keep their values while others come and go, and freed space is used again', () => {
  const memory = createDenseMemory()
  const read = (address: number): number => new Float32Array(memory.buffer(), address, 1)[0]!
  const lengths = [100, 5000, 17, 90_000]
  const addresses = lengths.map((length, i) => memory.place(new Float32Array(length).fill(i + 1)))
  expect(addresses.map(read)).toEqual([1, 2, 3, 4])
  const before = memory.buffer().byteLength
  for (const i of [1, 0, 3, 2]) memory.release(addresses[i]!, lengths[i]! * 4)
  expect(memory.place(new Float32Array(95_000).fill(7))).toBe(addresses[0])
  expect(memory.buffer().byteLength).toBe(before)
})

test('a thousand arrays placed and released in turn take no more than one', () => {
  const memory = createDenseMemory()
  const first = memory.place(new Int8Array(1000))
  memory.release(first, 1000)
  for (let i = 0; i < 1000; i++) {
    const kept = memory.place(new Int8Array(10_000 + i))
    expect(kept).toBe(first)
    memory.release(kept, 10_000 + i)
  }
})
