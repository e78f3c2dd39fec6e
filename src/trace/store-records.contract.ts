/** What every store must do with corrections, checks, keys and the cost of training. */
import { expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { newCallId, specialistId, taskId } from '../base/ids.ts'
import type { Check, KeyRecord, Store, TrainingCost } from './store.ts'
import { collect, mailTask } from './store-fixtures.contract.ts'

/** The part of the contract about corrections. */
export function correctionTests(current: () => Store): void {
  test('a later correction of a call stands over an earlier one, and each task has its own', async () => {
    const { corrections } = current()
    const [call, other] = [newCallId(1), newCallId(2)]
    expect(await corrections.get(call)).toBeUndefined()
    await corrections.put({ call, task: mailTask.id, atMs: 5, output: '{"label":"ham"}' })
    await corrections.put({ call: other, atMs: 6, output: 'a\0b' })
    await corrections.put({ call, task: mailTask.id, atMs: 7, output: '{"label":"spam"}' })
    const last = { call, task: mailTask.id, atMs: 7, output: '{"label":"spam"}' }
    expect(await corrections.get(call)).toEqual(last)
    expect(await corrections.get(other)).toEqual({ call: other, atMs: 6, output: 'a\0b' })
    expect(await collect(corrections.iterate(mailTask.id))).toEqual([last])
    expect(await collect(corrections.iterate(taskId('other')))).toEqual([])
  })

  test('more corrections than a page are all iterated', async () => {
    const { corrections } = current()
    for (let i = 0; i < 1001; i++)
      await corrections.put({ call: newCallId(i), task: mailTask.id, atMs: i, output: 'x' })
    expect((await collect(corrections.iterate(mailTask.id))).map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 1001 }, (_, i) => i),
    )
  })
}

/** The part of the contract about checks. */
export function checkTests(current: () => Store): void {
  const specialist = specialistId(mailTask.id, 1)
  const check = (i: number, changes: Partial<Check> = {}): Check => ({
    call: newCallId(i),
    task: mailTask.id,
    specialist,
    atMs: i,
    source: 'audit',
    wrong: i % 2 === 1,
    loss: 0.25,
    chosenWith: 0.01,
    ...changes,
  })

  test('checks come back in the order in which they were put, whatever their time, without those skipped', async () => {
    const { checks } = current()
    const all = Array.from({ length: 1500 }, (_, i) => check((i * 7) % 1500))
    for (const one of all) await checks.put(one)
    await checks.put(check(1, { specialist: specialistId(mailTask.id, 2) }))
    expect(await collect(checks.iterate(specialist))).toEqual(all)
    expect(await collect(checks.iterate(specialist, { skip: 1100 }))).toEqual(all.slice(1100))
  })

  test('a call has one check a source; a later one stands in the place of the earlier', async () => {
    const { checks } = current()
    const [first, second] = [check(2), check(3)]
    const { chosenWith, loss, ...plain } = first
    const corrected: Check = { ...plain, source: 'correction', wrong: true }
    for (const one of [first, second, corrected, { ...first, wrong: true }]) await checks.put(one)
    expect(await collect(checks.iterate(specialist))).toEqual([{ ...first, wrong: true }, second, corrected])
    expect([chosenWith, loss]).toEqual([0.01, 0.25])
  })
}

/** The part of the contract about keys and the cost of training. */
export function keyTests(current: () => Store): void {
  test('keys are listed as they were put, in order of making, and are replaced by id', async () => {
    const { keys } = current()
    const plain: KeyRecord = {
      id: 'b',
      name: 'web',
      digest: sha256('b'),
      scope: 'admin',
      createdMs: 1,
    }
    const full: KeyRecord = {
      ...plain,
      id: 'a',
      scope: 'calls',
      tasks: [mailTask.id],
      callsPerMinute: 60,
      usdPerMonth: 12.5,
      createdMs: 2,
    }
    for (const key of [full, plain, { ...full, revokedMs: 9 }]) await keys.put(key)
    expect(await keys.list()).toEqual([plain, { ...full, revokedMs: 9 }])
  })

  test('training runs are listed in order, for a task or all', async () => {
    const { trainings } = current()
    const cost = (task: string, version: number): TrainingCost => ({
      specialist: specialistId(taskId(task), version),
      task: taskId(task),
      atMs: 5,
      wallMs: 1500.5,
      cpuMs: 2900,
      energyJoules: 10.25,
      energyIs: 'cpu-time',
    })
    const all = [cost('mail', 1), cost('other', 1), cost('mail', 2)]
    for (const one of all) await trainings.put(one)
    expect(await trainings.list()).toEqual(all)
    expect(await trainings.list(mailTask.id)).toEqual([all[0], all[2]])
  })
}
