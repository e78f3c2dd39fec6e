import { expect, test } from 'vitest'
import { boundedQueue } from './queue.ts'

function gates() {
  const open: (() => void)[] = []
  const begun: number[] = []
  const work = (item: number): Promise<void> => {
    begun.push(item)
    return new Promise((done) => open.push(done))
  }
  return { open, begun, work }
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

test('so many at once, the next when one ends, in order, and never in the turn of the offer', async () => {
  const { open, begun, work } = gates()
  const queue = boundedQueue({ mostWaiting: 10, mostBytes: 100, atOnce: 2, sizeOf: () => 1, work })
  for (const item of [1, 2, 3]) expect(queue.offer(item)).toBe(true)
  expect(begun).toEqual([])
  await turn()
  expect(begun).toEqual([1, 2])
  expect(queue.waiting).toBe(1)
  open[0]!()
  await turn()
  expect(begun).toEqual([1, 2, 3])
})

test('what is too many or too large is not taken', () => {
  const { work } = gates()
  const queue = boundedQueue({ mostWaiting: 2, mostBytes: 10, atOnce: 1, sizeOf: (item) => item, work })
  expect([queue.offer(4), queue.offer(7), queue.offer(6), queue.offer(0)]).toEqual([true, false, true, false])
})

test('stopping forgets what waits, takes nothing more, and resolves when what is under way has ended', async () => {
  const { open, begun, work } = gates()
  const queue = boundedQueue({ mostWaiting: 10, mostBytes: 100, atOnce: 1, sizeOf: () => 1, work })
  for (const item of [1, 2, 3]) queue.offer(item)
  await turn()
  let forgotten: number | undefined
  const stopping = queue.stop().then((count) => {
    forgotten = count
  })
  expect(queue.offer(4)).toBe(false)
  await turn()
  expect(forgotten).toBeUndefined()
  open[0]!()
  await stopping
  expect([forgotten, begun]).toEqual([2, [1]])
})
