import { expect, test } from 'vitest'
import { assertTimeFor, expectedPassMs } from './pass-time.ts'

const texts = (count: number): Int32Array[] => Array.from({ length: count }, () => new Int32Array(20))

/** A session that takes a millisecond a text, and counts them. */
function slowSession() {
  let read = 0
  const run = async (asked: readonly Int32Array[]): Promise<void> => {
    read += asked.length
    await new Promise((resolve) => setTimeout(resolve, asked.length))
  }
  return { session: { run }, read: () => read }
}

test('the time of a pass is told by some of its texts, and of few texts it does not matter', async () => {
  const slow = slowSession()
  // Timers are late, never early: 6,400 texts of a millisecond each.
  expect(await expectedPassMs(slow.session, texts(6400))).toBeGreaterThan(6000)
  expect(slow.read()).toBe(128)
  expect(await expectedPassMs(slow.session, texts(100))).toBe(0)
  expect(slow.read()).toBe(128)
})

test('a budget that is too short for what cannot be left out is refused, with how long that takes', () => {
  const pass = { model: 'minilm', texts: 9003, needMs: 25_000 }
  expect(() => assertTimeFor({ ...pass, deadline: undefined })).not.toThrow()
  expect(() => assertTimeFor({ ...pass, deadline: performance.now() + 60_000 })).not.toThrow()
  expect(() => assertTimeFor({ ...pass, deadline: performance.now() - 1 })).toThrow(
    /reading 9003 texts with minilm takes about 25\.0 s on this machine, and 0\.0 s of the budget are left/,
  )
})
