import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createFreeList } from './free-list.ts'

test('blocks never overlap, whatever comes and goes, and when all are back the memory is whole', () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 500 }), fc.constant('give' as const)), {
    maxLength: 200,
  })
  fc.assert(
    fc.property(steps, fc.integer(), (list, seed) => {
      const random = seededRandom(seed)
      const free = createFreeList(64)
      const held: { address: number; size: number }[] = []
      for (const step of list) {
        if (step === 'give') {
          const [block] = held.length > 0 ? held.splice(random.below(held.length), 1) : []
          if (block) free.give(block.address, block.size)
          continue
        }
        const address = free.take(step)
        for (const other of held) {
          expect(address + step <= other.address || other.address + other.size <= address).toBe(true)
        }
        held.push({ address, size: step })
      }
      for (const block of held) free.give(block.address, block.size)
      expect(free.take(1e9)).toBe(64)
    }),
  )
})

// As the gateway's shelf does: each specialist is one large block and a few small ones, the least recently used leave.
test('a fleet that comes and goes for long takes at most a third more than what it holds', () => {
  const random = seededRandom(7)
  const limit = 256e6
  const free = createFreeList(0)
  const sizes = Array.from({ length: 1000 }, (_, task) => {
    const classes = 2 + random.below(40)
    const head = 64 * Math.ceil((100_000 + random.below(task % 10 === 0 ? 3_000_000 : 800_000)) / 64)
    return [head, 65_536 + 64, 64 * (1 + 4 * classes), 64 * Math.ceil((240 * 256) / 64)]
  })
  const held = new Map<number, readonly number[]>()
  const sum = (list: readonly number[]): number => list.reduce((total, size) => total + size, 0)
  let [used, highest] = [0, 0]
  for (let call = 0; call < 40_000; call++) {
    const task = Math.floor(1000 ** random.next()) - 1
    const before = held.get(task)
    held.delete(task)
    if (before) {
      held.set(task, before)
      continue
    }
    for (const [oldest, addresses] of held) {
      if (used + sum(sizes[task]!) <= limit) break
      held.delete(oldest)
      used -= sum(sizes[oldest]!)
      sizes[oldest]!.forEach((size, at) => {
        free.give(addresses[at]!, size)
      })
    }
    const addresses = sizes[task]!.map((size) => free.take(size))
    used += sum(sizes[task]!)
    held.set(task, addresses)
    addresses.forEach((address, at) => {
      highest = Math.max(highest, address + sizes[task]![at]!)
    })
  }
  expect(highest / limit).toBeLessThan(1.33)
  expect(highest / limit).toBeGreaterThan(0.9)
}, 20_000)
