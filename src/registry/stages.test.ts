import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import { openDiskRegistry } from './disk-registry.ts'
import { artefact, mailTask } from './registry.contract.ts'
import type { Registry } from './registry.ts'

let folder: string
let registry: Registry
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-stages-'))
  registry = openDiskRegistry(folder)
})
afterEach(() => rm(folder, { recursive: true }))

/** A version, and one that names it as asked before it. */
async function publishBoth(digest?: string) {
  const first = await registry.publish(mailTask, artefact(1), () => ({}))
  const known = (await registry.describe(first.id)).digest
  const before = [{ id: first.id, digest: digest === undefined ? known : sha256(digest) }]
  return { first, second: await registry.publish(mailTask, artefact(2), () => ({}), { before }) }
}

test('a version keeps whom it is asked behind, and one pointer lets both serve and leave', async () => {
  const { first, second } = await publishBoth()
  expect((await registry.describe(second.id)).manifest.before?.map(({ id }) => id)).toEqual([first.id])
  expect((await registry.describe(first.id)).manifest).not.toHaveProperty('before')
  await registry.promote(first.id)
  await registry.promote(second.id)
  expect(await registry.promoted(mailTask.id)).toBe(second.id)
  expect(await registry.rollback(mailTask.id)).toBe(first.id)
})

test('a version behind one that is gone, damaged or another than it was is not promoted', async () => {
  const { second } = await publishBoth('another')
  await expect(registry.promote(second.id)).rejects.toMatchObject({
    code: 'registry.stage-missing',
    message: expect.stringMatching(/^mail@2 answers behind mail@1, .*its digest is/),
  })
  const whole = await publishBoth()
  await rm(join(folder, 'specialists', 'mail', '3'), { recursive: true })
  await expect(registry.promote(whole.second.id)).rejects.toMatchObject({ code: 'registry.stage-missing' })
})
