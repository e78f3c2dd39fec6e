import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { openLibsqlStore } from './libsql-store.ts'
import type { Store } from './store.ts'
import { keptCall, mailTask, textExample } from './store-fixtures.contract.ts'

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-removed-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** How often a text stands in the store's file, its log and its index of the log. */
async function occurrences(text: string): Promise<number> {
  let found = 0
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name))
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found++
  }
  return found
}

const secret = 'Reykjavik-4711'

/** Rows of many lengths, so that pages are split, joined and rebuilt. */
async function fill(random: ReturnType<typeof seededRandom>, from: number): Promise<void> {
  const calls = Array.from({ length: 400 }, (_, i) => {
    const isAda = random.next() < 0.3
    const filler = 'x'.repeat(Math.floor(10 ** (1 + random.next() * 3)))
    const text = isAda ? `${secret} ${filler} ${secret}` : `other ${filler}`
    return keptCall(from + i, {
      request: text,
      response: text,
      ...(isAda && { endUser: 'ada', path: `/v1/${secret}` }),
    })
  })
  await store.calls.append(calls)
  for (const { call } of calls.filter((kept) => kept.call.endUser).slice(0, 20))
    await store.corrections.put({ call: call.id, task: mailTask.id, atMs: 1, output: secret })
}

test("a user's texts are in none of the files after removal, while a gateway has the store open, round after round", async () => {
  const gateway = await openLibsqlStore({ path: join(folder, 'store.db') })
  const random = seededRandom(7)
  for (let round = 0; round < 4; round++) {
    await fill(random, round * 1000)
    await store.upkeep.remove({ beforeMs: round * 1000 - 700 })
    expect(await occurrences(secret)).toBeGreaterThan(100)
    await gateway.upkeep.remove({ endUser: 'ada' })
    expect(await occurrences(secret)).toBe(0)
    await gateway.calls.append([keptCall(round * 1000 + 999)])
    expect(await occurrences(secret)).toBe(0)
  }
  expect(await gateway.calls.count()).toBeGreaterThan(200)
  await gateway.close()
})

test('no copy stays behind where rows grew and pages were split: as many texts lie in the file as there are rows', async () => {
  const random = seededRandom(7)
  const calls = Array.from({ length: 2000 }, (_, i) => keptCall(i, { request: 'q', response: 'a' }))
  await store.calls.append(calls)
  const correct = (at: number, longest: number) =>
    store.corrections.put({
      call: calls[at]!.call.id,
      atMs: 1,
      output: `${secret} ${'y'.repeat(Math.floor(random.next() * longest))}`,
    })
  for (let i = 0; i < calls.length; i++) await correct(i, 60)
  for (let i = 0; i < calls.length; i += 2) await correct(i, 900)
  expect(await occurrences(secret)).toBeGreaterThan(2000)
  await store.upkeep.remove({ endUser: 'nobody' })
  expect(await occurrences(secret)).toBe(2000)
})

test("a task's imported rows are in none of the files after removal, nor those of an import that never ended", async () => {
  const rows = Array.from({ length: 6000 }, (_, i) =>
    textExample(`${secret} ${i} ${'y'.repeat(i % 300)}`, 'ham'),
  )
  const done = await store.examples.stage(mailTask.id, 'a.csv')
  await done.add(rows.slice(0, 1500))
  await done.commit()
  const open = await store.examples.stage(mailTask.id, 'b.csv')
  await open.add(rows)
  expect(await occurrences(secret)).toBeGreaterThan(1500)
  await store.upkeep.remove({ task: mailTask.id })
  expect(await occurrences(secret)).toBe(0)
  await expect(open.commit()).rejects.toMatchObject({ code: 'store.import-lost' })
  expect(await occurrences(secret)).toBe(0)
})

test('an import that was given up leaves nothing in the files', async () => {
  const staged = await store.examples.stage(mailTask.id, 'a.csv')
  await staged.add(Array.from({ length: 5000 }, (_, i) => textExample(`${secret} ${i}`, 'ham')))
  await staged.abort()
  await store.upkeep.remove({ endUser: 'nobody' })
  expect(await occurrences(secret)).toBe(0)
})

test('calls are removed in steps of less than 50 ms of work each, between which others write', async () => {
  const gateway = await openLibsqlStore({ path: join(folder, 'store.db') })
  const request = 'z'.repeat(3000)
  for (let at = 0; at < 6000; at += 500)
    await store.calls.append(Array.from({ length: 500 }, (_, i) => keptCall(at + i, { request })))
  let done = false
  const removal = gateway.upkeep.remove({ beforeMs: 5000 }).finally(() => {
    done = true
  })
  // Work is time of the processor: a busy machine makes a step no longer by it.
  const stepsMs: number[] = []
  while (!done) {
    const began = process.cpuUsage()
    await new Promise(setImmediate)
    // Both run in this thread, so what happens in between is a step of the removal, or nothing.
    const { user, system } = process.cpuUsage(began)
    stepsMs.push((user + system) / 1000)
    await store.calls.append([keptCall(9000)])
  }
  expect((await removal).calls).toBe(5000)
  const steps = stepsMs.filter((ms) => ms > 0.5).sort((a, b) => a - b)
  expect(steps.length).toBeGreaterThan(20)
  expect(steps[Math.floor(steps.length * 0.9)]).toBeLessThan(50)
  await gateway.close()
})
