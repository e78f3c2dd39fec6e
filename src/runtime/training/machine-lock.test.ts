import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withFileLock } from '../../base/file-lock.ts'
import { machineLock, planMemory } from './memory.ts'
import { tinyRun } from './tiny-training.contract.ts'
import { trainModel } from './train-model.ts'
import type { TrainingRun } from './training-run.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-lock-'))
  // The lock lies in the folder for temporary files: this test has one of its own, and disturbs no real training.
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

/** A run that says that it needs a lot of memory. */
const large = (name: string): TrainingRun => ({ ...tinyRun(), name, activationBytes: () => 2 ** 30 })
const options = { threads: 1, allowedBytes: 2 ** 40 }

test.skipIf(process.platform === 'win32')(
  'of two large trainings at once on a machine the second waits, says for whom, and then trains; small ones go on',
  async () => {
    const waited: string[] = []
    const both = await Promise.all(
      ['first', 'second'].map((name) =>
        trainModel(large(name), {
          ...options,
          progress: ({ detail }) => void (detail?.startsWith('waiting') && waited.push(`${name} ${detail}`)),
        }),
      ),
    )
    expect(both.map(({ steps }) => steps)).toEqual([both[0]!.steps, both[0]!.steps])
    expect(waited).toEqual([
      expect.stringMatching(
        /^(first waiting for process \d+, which has been training second|second waiting for process \d+, which has been training first) since/,
      ),
    ])
    const small = await trainModel(tinyRun(), options)
    expect(small.steps).toBe(both[0]!.steps)
  },
  30_000,
)

test.skipIf(process.platform === 'win32')(
  'where a time budget ends with waiting, the sentence says who is in the way',
  async () => {
    const lock = machineLock(planMemory(large('second')))!
    const busy = (): Error => new Error('it is free')
    await withFileLock({ path: lock, work: 'something else', busy }, async () => {
      await expect(trainModel(large('second'), { ...options, budgetMs: 100 })).rejects.toMatchObject({
        code: 'train.machine-busy',
        message: expect.stringMatching(
          `Process ${process.pid} of this machine has been training something else`,
        ),
      })
    })
  },
  30_000,
)
