import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { taskId } from '../base/ids.ts'
import { createLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import { trainSpecialist } from '../pipeline/train.ts'
import { openDiskRegistry } from '../registry/disk-registry.ts'
import type { Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import { createSpecialists, type Specialists } from './specialists.ts'

const id = taskId('mail')
const task: Task = {
  id,
  kind: 'classification',
  space: { kind: 'labels', labels: ['ham', 'spam'], multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.2, delta: 0.2 },
  masked: true,
  paused: false,
}

let folder: string
let registry: Registry
let specialists: Specialists
let stored: Task[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-specialists-'))
  registry = openDiskRegistry(join(folder, 'registry'))
  stored = [task]
  const tasks = {
    list: async () => stored,
    stamp: async () => JSON.stringify(stored),
    get: async () => undefined,
    put: async () => {},
  }
  specialists = createSpecialists({
    registry,
    store: { tasks },
    tiers: [createNanoTier()],
    log: createLog({ level: 'silent' }),
    memoryBytes: 2 ** 30,
  })
})
afterEach(async () => {
  await specialists.close()
  await rm(folder, { recursive: true })
})

function examples(): readonly Example[] {
  const random = seededRandom(1)
  const words = { ham: ['meeting', 'report', 'lunch', 'notes'], spam: ['prize', 'winner', 'cash', 'pills'] }
  return Array.from({ length: 240 }, (_, at) => {
    const label = at % 2 ? 'ham' : 'spam'
    const text = Array.from({ length: 4 }, () => words[label][random.below(4)]).join(' ')
    const input = { kind: 'text', text: `${text} ${at}` } as const
    return {
      id: exampleId(input),
      input,
      output: { kind: 'labels', labels: [label] },
      source: 'gold',
      weight: 1,
    }
  })
}

async function publish(): Promise<string> {
  const trained = await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'test' },
    { task, examples: examples(), notes: [] },
    { seed: 1, withoutBaselines: true },
  )
  return trained.manifest.id
}

const serving = (): readonly string[] =>
  specialists.book.get(id)?.specialists.map((one) => one.servedBy) ?? []

test('a promoted specialist serves, a moved pointer is followed within a second, and a rollback too', async () => {
  const first = await publish()
  await specialists.start()
  expect(serving()).toEqual([])
  expect(specialists.book.ids).toEqual([id])
  await registry.promote('mail@1' as never)
  await expect.poll(serving, { timeout: 1000 }).toEqual([`${first} (nano)`])
  const [specialist] = specialists.book.get(id)!.specialists
  expect(specialist).toMatchObject({ isVoid: false, tier: 'nano' })
  expect(specialist!.predictor.inline!.predict({ kind: 'text', text: 'prize winner cash' }).output).toEqual({
    kind: 'labels',
    labels: ['spam'],
  })
  await registry.rollback(id)
  await expect.poll(serving, { timeout: 1000 }).toEqual([])
  expect(specialists.problems).toEqual([])
}, 60_000)

test('a file with one bit flipped is never served: a problem is told, and what served before goes on', async () => {
  await publish()
  await registry.promote('mail@1' as never)
  await specialists.start()
  expect(serving()).toEqual(['mail@1 (nano)'])
  await publish()
  await registry.promote('mail@2' as never)
  await expect.poll(serving, { timeout: 1000 }).toEqual(['mail@2 (nano)'])
  await flipBits(join(folder, 'registry'))
  await movePointerBack(join(folder, 'registry'))
  await expect.poll(() => specialists.problems.length, { timeout: 2000 }).toBe(1)
  expect(serving()).toEqual(['mail@2 (nano)'])
  expect(specialists.problems[0]).toMatch(/mail@1/)
}, 60_000)

test('a paused task is known as such within two seconds', async () => {
  await publish()
  await registry.promote('mail@1' as never)
  await specialists.start()
  stored = [{ ...task, paused: true }]
  await expect.poll(() => specialists.book.get(id)?.task.paused, { timeout: 2000 }).toBe(true)
  expect(serving()).toEqual(['mail@1 (nano)'])
}, 60_000)

/** Flips one bit in the middle of every blob. */
async function flipBits(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) {
    if (!/[0-9a-f]{62,64}$/.test(name)) continue
    const file = join(root, name)
    const bytes = await readFile(file)
    bytes[bytes.length >> 1]! ^= 1
    await rm(file, { force: true })
    await writeFile(file, bytes)
  }
}

/** Moves the pointer as a program would that does not check: the registry itself refuses. */
async function movePointerBack(root: string): Promise<void> {
  for (const name of await readdir(root, { recursive: true })) {
    if (!name.endsWith('mail.json')) continue
    const file = join(root, name)
    await writeFile(file, (await readFile(file, 'utf8')).replace('mail@2', 'mail@1'))
  }
}
