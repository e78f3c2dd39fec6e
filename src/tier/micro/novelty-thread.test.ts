import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { findNovelty, noveltyOf } from './novelty-thread.ts'

/** Rows of a width at which fitting takes a while. */
function job(rows: number, width: number) {
  const random = seededRandom(4)
  const features = Float32Array.from({ length: rows * width }, () => random.normal())
  const numbers = Int32Array.from({ length: rows }, (_, row) => row)
  const vectors = { features, width, classes: numbers.map((row) => row % 7) }
  return { vectors, known: numbers, asked: numbers.subarray(0, rows / 2) }
}

test('much is fitted beside the calling thread, which goes on, with the numbers that it would have found itself', async () => {
  const large = job(1000, 192)
  let turns = 0
  const timer = setInterval(() => turns++, 5)
  const found = await findNovelty(large)
  clearInterval(timer)
  // On this thread it would be one turn, however long it takes.
  expect(turns).toBeGreaterThan(3)
  const here = noveltyOf(large)
  expect(found.distances).toEqual(here.distances)
  expect([...found.novelty]).toEqual([...here.novelty])
})

test('a fit that is cancelled ends as cancelled', async () => {
  const stop = new AbortController()
  const fitting = findNovelty(job(1000, 192), { signal: stop.signal })
  stop.abort()
  await expect(fitting).rejects.toMatchObject({ code: 'cancelled' })
})
