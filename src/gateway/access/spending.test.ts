import { expect, test } from 'vitest'
import { Spending } from './spending.ts'

const minuteMs = 60_000
const startMs = Date.UTC(2026, 4, 20, 12)

/** A ledger of calls by their beginning, which notes how many it has added up. */
function ledger() {
  const calls: { readonly atMs: number; readonly usd: number }[] = []
  const world = {
    calls,
    summed: 0,
    spent: async (sinceMs: number, untilMs = Number.POSITIVE_INFINITY): Promise<number> => {
      const some = calls.filter(({ atMs }) => atMs >= sinceMs && atMs < untilMs)
      world.summed += some.length
      return some.reduce((sum, { usd }) => sum + usd, 0)
    },
  }
  return world
}

test('the sum is that of the month, late calls included, and each look adds up the last half hour alone', async () => {
  const world = ledger()
  const spending = new Spending()
  for (let at = 0; at < 5000; at++) world.calls.push({ atMs: startMs - at * minuteMs, usd: 1 })
  expect(await spending.sum(world.spent, startMs)).toBe(5000)
  for (let minute = 1; minute <= 300; minute++) {
    const nowMs = startMs + minute * minuteMs
    // A call that took ten minutes is kept now and dated then.
    world.calls.push({ atMs: nowMs - 10 * minuteMs, usd: 1 })
    world.summed = 0
    expect(await spending.sum(world.spent, nowMs)).toBe(5000 + minute)
    expect(world.summed).toBeLessThan(60)
  }
})

test('a new month begins with nothing, and a clock that is set back loses nothing', async () => {
  const world = ledger()
  const spending = new Spending()
  world.calls.push({ atMs: startMs, usd: 2 })
  expect(await spending.sum(world.spent, startMs + 60 * minuteMs)).toBe(2)
  world.calls.push({ atMs: startMs - 120 * minuteMs, usd: 3 })
  expect(await spending.sum(world.spent, startMs - 119 * minuteMs)).toBe(5)
  expect(await spending.sum(world.spent, Date.UTC(2026, 5, 1, 1))).toBe(0)
})
