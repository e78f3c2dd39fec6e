import { expect, test } from 'vitest'
import { createScratch } from './scratch.ts'

test('what is taken in one turn does not overlap, and the next turn uses the same memory', () => {
  const scratch = createScratch()
  const first = [scratch.take(100).fill(1), scratch.take(70_000).fill(2), scratch.take(3).fill(3)]
  expect(first.map((bytes) => [bytes.length, bytes[0], bytes.at(-1)])).toEqual([
    [100, 1, 1],
    [70_000, 2, 2],
    [3, 3, 3],
  ])
  scratch.reset()
  const again = scratch.take(70_000)
  scratch.reset()
  expect(scratch.take(50_000).buffer).toBe(again.buffer)
  expect(again.byteOffset % 64).toBe(0)
})
