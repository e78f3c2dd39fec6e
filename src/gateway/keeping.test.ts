import { expect, test } from 'vitest'
import { createLog } from '../base/log.ts'
import type { KeepRules } from '../trace/keep-rules.ts'
import type { Removal } from '../trace/store.ts'
import { startKeeping } from './keeping.ts'

const nothing = { calls: 0, examples: 0, corrections: 0 }
const settle = () => new Promise((resolve) => setTimeout(resolve, 60))

test('rules of the moment are applied now and then, one removal at a time, and a failure does not end it', async () => {
  let rules: KeepRules = {}
  const removals: Removal[] = []
  const sizes: number[] = []
  let [inside, most] = [0, 0]
  const stop = startKeeping({
    rules: () => rules,
    log: createLog({ level: 'silent' }),
    everyMs: 5,
    store: {
      upkeep: {
        sizeBytes: async () => 0,
        remove: async (which) => {
          most = Math.max(most, ++inside)
          await new Promise((resolve) => setTimeout(resolve, 15))
          inside--
          removals.push(which)
          if (removals.length === 1) throw new Error('the disk is full')
          return nothing
        },
        shrinkTo: async (sizeBytes) => {
          sizes.push(sizeBytes)
          return nothing
        },
      },
    },
  })
  await settle()
  expect([removals, sizes]).toEqual([[], []])
  rules = { ageMs: 1000, sizeBytes: 7 }
  await expect.poll(() => sizes.length).toBeGreaterThan(1)
  await stop()
  const [removed, shrunk] = [removals.length, sizes.length]
  await settle()
  expect([removals.length, sizes.length]).toEqual([removed, shrunk])
  expect(removed).toBe(shrunk + 1)
  expect(most).toBe(1)
  expect(removals.at(-1)!.beforeMs).toBeLessThanOrEqual(Date.now() - 1000)
})
