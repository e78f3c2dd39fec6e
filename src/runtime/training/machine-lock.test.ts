import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
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
  'of two large trainings at once on a machine the second is refused and says whose turn it is; small ones go on',
  async () => {
    const both = await Promise.allSettled(['first', 'second'].map((name) => trainModel(large(name), options)))
    const [refused, ...others] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    const done = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    expect([done.length, others.length]).toEqual([1, 0])
    const winner = both[0]!.status === 'fulfilled' ? 'first' : 'second'
    expect(refused).toMatchObject({
      code: 'train.machine-busy',
      message: expect.stringMatching(
        new RegExp(`Process \\d+ of this machine has been training ${winner} since`),
      ),
    })
    const next = await Promise.all([trainModel(large('third'), options), trainModel(tinyRun(), options)])
    expect(next.map(({ steps }) => steps)).toEqual([done[0]!.steps, done[0]!.steps])
  },
  30_000,
)
