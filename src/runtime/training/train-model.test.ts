import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgressEvent } from '../../base/progress.ts'
import { tinyRun } from './tiny-training.contract.ts'
import { trainModel } from './train-model.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-training-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a training', () => {
  test('lowers the loss, gives the trained tensors and what was reported at each step, and tells how far it is', async () => {
    const run = tinyRun()
    const events: ProgressEvent[] = []
    const result = await trainModel(run, { threads: 1, progress: (event) => events.push(event) })
    const loss = result.reports.get('loss')!
    expect(loss.length).toBe(run.batches.length)
    expect(loss.at(-1)!).toBeLessThan(0.2 * loss[0]!)
    expect([...result.tensors.keys()]).toEqual(['w'])
    expect(result.tensors.get('w')![0]).toBeGreaterThan(1)
    expect(result.memory.peakBytes).toBeGreaterThan(20 << 20)
    expect(events.at(-1)).toMatchObject({
      stage: 'training',
      done: run.batches.length,
      total: run.batches.length,
      detail: expect.stringMatching(/^loss .*, learning rate .*, .* tokens\/s, 0 s left$/),
    })
  })
})
