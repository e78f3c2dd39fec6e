import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { type Checkpoint, checkpointFolder } from './checkpoint.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-checkpoint-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const plan = sha256('a plan')
const at = (step: number, of = plan): Checkpoint => ({
  plan: of,
  step,
  steps: 100,
  tensors: new Map([
    ['w', Float32Array.of(step, 2, Number.MIN_VALUE)],
    ['none', new Float32Array()],
  ]),
})

test('the newest of a plan comes back as it was written, and the last two are kept', async () => {
  const checkpoints = checkpointFolder(folder)
  for (const step of [8, 9, 10]) await checkpoints.save(at(step))
  expect(await checkpoints.newest(plan)).toEqual({ checkpoint: at(10), damaged: [] })
  expect((await readdir(folder)).map((file) => Number(file.slice(0, 9)))).toEqual([9, 10])
  expect(await checkpoints.newest(sha256('another'))).toEqual({ damaged: [] })
  expect(await checkpointFolder(join(folder, 'not there')).newest(plan)).toEqual({ damaged: [] })
})

test('a full disk is a clear error, and the checkpoint before stays whole', async () => {
  await checkpointFolder(folder).save(at(1))
  const full = checkpointFolder(folder, async (file) => {
    await writeFile(`${file}.00ff.tmp`, 'half of it')
    throw appError('disk.full', { file })
  })
  await expect(full.save(at(2))).rejects.toMatchObject({ code: 'disk.full' })
  const later = checkpointFolder(folder)
  expect((await later.newest(plan)).checkpoint?.step).toBe(1)
  await later.save(at(3))
  expect((await readdir(folder)).every((file) => file.endsWith('.checkpoint'))).toBe(true)
})

test('one that was cut off anywhere is passed over', async () => {
  const checkpoints = checkpointFolder(folder)
  await checkpoints.save(at(1))
  await checkpoints.save(at(2))
  const newest = (await readdir(folder)).sort().at(-1)!
  for (const sizeBytes of [300, 100, 10, 0]) {
    await truncate(join(folder, newest), sizeBytes)
    expect(await checkpoints.newest(plan)).toEqual({ checkpoint: at(1), damaged: [newest] })
  }
})

test('the first of another plan removes what is left of other runs and nothing else', async () => {
  await writeFile(join(folder, 'notes.txt'), 'mine')
  const checkpoints = checkpointFolder(folder)
  await checkpoints.save(at(50))
  await checkpoints.save(at(1, sha256('another')))
  expect(await readdir(folder)).toHaveLength(2)
  expect((await checkpoints.newest(plan)).checkpoint).toBeUndefined()
  expect((await checkpoints.newest(sha256('another'))).checkpoint).toEqual(at(1, sha256('another')))
})
