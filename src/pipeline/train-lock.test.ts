import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import { withTrainLock } from './train-lock.ts'

const task = taskId('mail')
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-lock-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lockFile = (): string => join(folder, 'training', 'mail.lock')

async function writeLock(owner: object | string): Promise<void> {
  await mkdir(join(folder, 'training'))
  await writeFile(lockFile(), typeof owner === 'string' ? owner : JSON.stringify(owner))
}

test('a second training of a task is refused with the process of the first; another task may be trained', async () => {
  await withTrainLock({ folder, task }, async () => {
    await expect(withTrainLock({ folder, task }, async () => 0)).rejects.toMatchObject({
      code: 'train.busy',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    expect(await withTrainLock({ folder, task: taskId('other') }, async () => 7)).toBe(7)
  })
  expect(await withTrainLock({ folder, task }, async () => 8)).toBe(8)
  expect(await readdir(join(folder, 'training'))).toEqual([])
})

test('a training that fails gives the lock back', async () => {
  const failing = withTrainLock({ folder, task }, async () => {
    throw new Error('no rows')
  })
  await expect(failing).rejects.toThrow('no rows')
  expect(await withTrainLock({ folder, task }, async () => 1)).toBe(1)
})

test('the lock of a process that was killed is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  await writeLock({ pid: child.pid, since: '2026-01-01T00:00:00Z' })
  await expect(withTrainLock({ folder, task }, async () => 1)).rejects.toMatchObject({ code: 'train.busy' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await withTrainLock({ folder, task }, async () => readFile(lockFile(), 'utf8'))).toContain(
    String(process.pid),
  )
})

test.skipIf(process.platform !== 'linux')(
  'a process that got the number of a dead one does not hold its lock (where Linux says when a process began)',
  async () => {
    await writeLock({ pid: process.pid, processStart: '1', since: '2026-01-01T00:00:00Z' })
    expect(await withTrainLock({ folder, task }, async () => 1)).toBe(1)
  },
)

test('a lock that was cut off while it was written is taken over, by one of many', async () => {
  await writeLock('{"pid":')
  let [inside, most] = [0, 0]
  const attempts = Array.from({ length: 8 }, () =>
    withTrainLock({ folder, task }, async () => {
      inside++
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 50))
      inside--
    }).then(
      () => 'trained',
      (cause) => cause.code,
    ),
  )
  const outcomes = await Promise.all(attempts)
  expect(most).toBe(1)
  expect(outcomes.filter((outcome) => outcome === 'trained')).toHaveLength(1)
})
