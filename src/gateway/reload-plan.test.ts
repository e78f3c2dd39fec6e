import { expect, test } from 'vitest'
import { readConfiguration } from '../pipeline/read-configuration.ts'
import { reloadPlan } from './reload-plan.ts'

const read = (text: string) => readConfiguration({ file: 'shoal.yaml', text, environment: {} })

test('settings that differ are named, and those that need another start', () => {
  const old = read('server: { port: 4000, shutdown: 5s }\ntasks:\n  mail: { risk: 0.1 }\n')
  const next = read(
    'server: { port: 4001, shutdown: 6s }\nlog: { level: info }\ntasks:\n  mail: { risk: 0.2 }\n  bills: {}\n',
  )
  expect(reloadPlan(old, next)).toEqual({
    changed: ['server.port', 'server.shutdown', 'tasks.mail', 'tasks.bills', 'log.level'],
    needsStart: ['server.port'],
  })
})

test('sections that come and go are named by what is in them', () => {
  const [without, withPrices] = [
    read(''),
    read('prices: { date: 2026-11-01, source: contract, models: {} }\n'),
  ]
  const names = ['prices.date', 'prices.source', 'prices.models']
  expect(reloadPlan(without, withPrices).changed).toEqual(names)
  expect(reloadPlan(withPrices, without).changed).toEqual(names)
  expect(reloadPlan(withPrices, withPrices)).toEqual({ changed: [], needsStart: [] })
})
