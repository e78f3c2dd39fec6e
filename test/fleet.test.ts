/** A fleet of specialists that do not all fit into memory, behind the real gateway: who answers, what comes and goes, what cannot be loaded. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { taskId } from '../src/base/ids.ts'
import { seededRandom } from '../src/base/random.ts'
import { trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { PromptTemplate, Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { tinyRows, tinyTask } from '../src/tier/tier.contract.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import { ask } from './support/ask.ts'
import { publishCopy, weightsFile } from './support/publish-copy.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

const teams = Array.from({ length: 30 }, (_, at) => `team-${at}`)
let folder: string
let shoal: RunShoal

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-fleet-'))
  shoal = runShoal(folder)
  await mkdir(shoal.home)
})
afterEach(async () => {
  shoal.close()
  await rm(folder, { recursive: true, force: true })
})

function teamTask(team: string): Task {
  const template: PromptTemplate = {
    messages: [
      {
        role: 'system',
        constants: [`You sort the mail that reaches ${team}. Answer with one word.`],
        slots: [],
      },
      { role: 'user', constants: ['Mail: ', ''], slots: ['text'] },
    ],
  }
  return { ...tinyTask, id: taskId(team), template, risk: { risk: 0.1, delta: 0.1 } }
}

const mailFor = (team: string, text: string): string => {
  const [system, user] = teamTask(team).template!.messages
  return JSON.stringify({
    model: 'big-model',
    messages: [
      { role: 'system', content: system!.constants[0] },
      { role: 'user', content: user!.constants[0] + text },
    ],
  })
}

/** Trains once, publishes for every team; gives the bytes of one specialist's weights. */
async function publishFleet(): Promise<number> {
  const registry = openDiskRegistry(join(shoal.home, 'registry'))
  const store = await openLibsqlStore({ path: join(shoal.home, 'store.db') })
  const trained = await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'test' },
    { task: teamTask('first'), examples: tinyRows(1000, 1).examples, notes: [] },
    { seed: 1, withoutBaselines: true },
  )
  const loaded = await registry.load(trained.manifest.id)
  const random = seededRandom(1)
  for (const team of teams) {
    await publishCopy(registry, loaded, teamTask(team), random)
    await store.tasks.put(teamTask(team))
  }
  await store.close()
  return loaded.files.get(weightsFile)!.length
}

/** Flips one bit in the middle of a team's weights. */
async function damage(team: string): Promise<void> {
  const registry = openDiskRegistry(join(shoal.home, 'registry'))
  const { manifest } = await registry.describe((await registry.promoted(taskId(team)))!)
  const digest = manifest.files[weightsFile]!.sha256
  for (const name of await readdir(join(shoal.home, 'registry'), { recursive: true })) {
    if (!name.endsWith(digest)) continue
    const file = join(shoal.home, 'registry', name)
    const bytes = await readFile(file)
    bytes[bytes.length >> 1]! ^= 1
    await rm(file)
    await writeFile(file, bytes)
  }
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

test('each call is answered by its own specialist, in memory or not, within the limit; one that is damaged says so', async () => {
  const sizeBytes = await publishFleet()
  const limitBytes = 8 * Math.ceil(sizeBytes / 1024) * 1024
  const settings = `upstream:\n  url: none\nlocal:\n  memory: ${limitBytes / 1024}KiB\naudit:\n  rate: 0\n`
  await writeFile(join(folder, 'shoal.yaml'), settings)
  await damage('team-29')
  const { url, stop, said } = await shoal.serve('--port', '0')
  const random = seededRandom(2)
  const asked = Array.from({ length: 300 }, () => teams[Math.floor(29 ** random.next()) - 1]!)
  const askOne = async (team: string): Promise<void> => {
    const { status, headers } = await ask(url, mailFor(team, 'please help with my card'))
    expect([status, headers.get('x-shoal-served-by')]).toEqual([200, `${team}@1 (nano)`])
  }
  const next = asked.values()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const team of next) await askOne(team)
    }),
  )
  expect(await metric(url, 'shoal_specialist_memory_bytes')).toBeLessThanOrEqual(limitBytes)
  expect(await metric(url, 'shoal_specialist_evictions')).toBeGreaterThan(10)
  expect(await metric(url, 'shoal_specialist_load_failures')).toBe(0)
  const damaged = await ask(url, mailFor('team-29', 'please help with my card'))
  expect(damaged.headers.get('x-shoal-reason')).toBe('specialist-failed')
  const ready = (await (await fetch(`${url}/readyz`)).json()) as { problems: readonly string[] }
  expect(ready.problems).toEqual([expect.stringContaining('team-29@1')])
  expect(await metric(url, 'shoal_specialist_load_failures')).toBe(1)
  expect(said()).not.toContain('unhandled')
  expect(await stop()).toBe(0)
}, 60_000)
