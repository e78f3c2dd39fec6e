import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import { openLibsqlStore } from '../trace/libsql-store.ts'
import { keptCall } from '../trace/store-fixtures.contract.ts'
import { moneyOf, taskEconomics } from './economics.ts'

const costs = { usdPerCpuHour: 0.05, usdPerKilowattHour: 0 }
const options = { auditShare: 0.01, costs }
const task = taskId('mail')
const dayMs = 86_400_000

test('the price of a call is the mean over calls that have one, paid or avoided; calls a day need a week', async () => {
  const store = await openLibsqlStore({
    path: join(await mkdtemp(join(tmpdir(), 'shoal-money-')), 'store.db'),
  })
  try {
    expect(await taskEconomics(store, task, options)).toBeUndefined()
    const at = (day: number, money: { costUsd?: number; avoidedUsd?: number }, n: number) => {
      const { call, ledger } = keptCall(n, { task, atMs: day * dayMs })
      const { costUsd: _, avoidedUsd: __, ...rest } = ledger
      return { call, ledger: { ...rest, task, atMs: day * dayMs, ...money } }
    }
    await store.calls.append([
      at(100, { costUsd: 0.02, avoidedUsd: 0 }, 1),
      at(101, { costUsd: 0, avoidedUsd: 0.04 }, 2),
      at(101, { avoidedUsd: 0 }, 3),
    ])
    const young = await taskEconomics(store, task, options)
    expect(young!.upstreamUsdPerCall).toBeCloseTo(0.03, 9)
    expect(young).not.toHaveProperty('callsPerDay')
    await store.calls.append([at(109, { costUsd: 0.03, avoidedUsd: 0 }, 4)])
    expect(await taskEconomics(store, task, options)).toMatchObject({ callsPerDay: 0.4, auditShare: 0.01 })
  } finally {
    await store.close()
  }
})

test('a local answer costs its share of a CPU hour, a training its CPU time', () => {
  const money = moneyOf(
    { upstreamUsdPerCall: 0.001, ...options },
    { trainingCpuMs: 3_600_000, textsPerSecond: 1000 },
  )
  expect(money.trainingUsd).toBeCloseTo(0.05, 12)
  expect(money.localUsdPerCall).toBeCloseTo(0.05 / 3_600_000, 15)
})
