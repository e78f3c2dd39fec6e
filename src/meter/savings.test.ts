import { expect, test } from 'vitest'
import { breakEven, type SavingBlock } from './break-even.ts'
import { savingsOf } from './savings.ts'

const costs = { usdPerCpuHour: 0.36, usdPerKilowattHour: 0.36 }

test('what was saved is what the upstream alone would have cost, minus all that was spent', () => {
  const calls = { costUsd: 3, auditUsd: 1, avoidedUsd: 10, cpuMs: 10_000, energyJoules: 10_000 }
  const savings = savingsOf(calls, [{ cpuMs: 1_000_000, energyJoules: 0 }], costs)
  expect(savings.upstreamAloneUsd).toBe(12)
  expect(savings.clientCallsUsd + savings.auditsUsd + savings.answersUsd + savings.trainingUsd).toBeCloseTo(
    savings.spentUsd,
    12,
  )
  expect(savings.answersUsd).toBeCloseTo(0.002, 12)
  expect(savings.trainingUsd).toBeCloseTo(0.1, 12)
  expect(savings.savedUsd).toBeCloseTo(12 - 3 - 0.002 - 0.1, 12)
})

const blocks = (count: number, netUsd: (at: number) => number): SavingBlock[] =>
  Array.from({ length: count }, (_, at) => ({ fromMs: at * 86_400_000, calls: 100, netUsd: netUsd(at) }))
const options = { activeDays: 20, seed: 1 }

test('a training is paid back in the block in which the savings reach its cost', () => {
  expect(
    breakEven(
      blocks(20, () => 1),
      { ...options, trainingUsd: 4.5 },
    ),
  ).toEqual({
    ...{ kind: 'paid-back', calls: 500, atMs: 4 * 86_400_000 },
  })
})

test('one that is not paid back yet is expected to be, with an interval as wide as the savings vary', () => {
  const even = breakEven(
    blocks(20, () => 1),
    { ...options, trainingUsd: 100 },
  )
  expect(even).toMatchObject({
    kind: 'expected',
    calls: 10_000,
    callsLow: 10_000,
    callsHigh: 10_000,
    days: 100,
  })
  const uneven = breakEven(
    blocks(20, (at) => (at % 2 === 0 ? 2.5 : -0.5)),
    { ...options, trainingUsd: 100 },
  )
  expect(uneven).toMatchObject({ kind: 'expected', calls: 10_000 })
  if (uneven.kind !== 'expected') return
  expect(uneven.callsLow).toBeLessThan(8_000)
  expect(uneven.callsHigh).toBeGreaterThan(13_000)
})

test('where the savings may be none, the interval has no end', () => {
  const state = breakEven(
    blocks(20, (at) => (at % 2 === 0 ? 11 : -10)),
    { ...options, trainingUsd: 100 },
  )
  expect(state).toMatchObject({ kind: 'expected' })
  expect(state).not.toHaveProperty('callsHigh')
})

test('the interval holds the truth in about 95 of 100 draws', () => {
  let [held, drawn, state] = [0, 0, 12345]
  const uniform = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  for (let round = 0; round < 200; round++) {
    const said = breakEven(
      blocks(30, () => 2 * uniform()),
      { ...options, seed: round, trainingUsd: 1000 },
    )
    if (said.kind !== 'expected') continue
    drawn++
    if (said.callsLow <= 100_000 && 100_000 <= (said.callsHigh ?? Number.POSITIVE_INFINITY)) held++
  }
  expect(drawn).toBe(200)
  expect(held / drawn).toBeGreaterThan(0.89)
})

test('savings that are none never pay back; a few blocks say nothing; no cost needs no paying back', () => {
  expect(
    breakEven(
      blocks(20, () => -1),
      { ...options, trainingUsd: 1 },
    ),
  ).toEqual({ kind: 'never', netUsdPerCall: -0.01 })
  expect(
    breakEven(
      blocks(3, () => 1),
      { ...options, trainingUsd: 10 },
    ),
  ).toEqual({ kind: 'too-early', blocks: 3, needed: 8 })
  expect(breakEven([], { ...options, trainingUsd: 0 })).toEqual({ kind: 'nothing-to-pay-back' })
})
