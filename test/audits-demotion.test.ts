/** Two gateways on one store, a real specialist, and an upstream that changes its mind: both step back, and say so. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { type ModelName, specialistId, taskId } from '../src/base/ids.ts'
import { createLog } from '../src/base/log.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'
import { type Serving, startServing } from '../src/gateway/serving.ts'
import { defaultConfiguration } from '../src/pipeline/read-configuration.ts'
import { trainSpecialist } from '../src/pipeline/train.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { Registry } from '../src/registry/registry.ts'
import type { Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Store } from '../src/trace/store.ts'
import { ask } from './support/ask.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { testUpstreams } from './support/test-gateway.ts'

const id = taskId('mail')
const task: Task = {
  id,
  kind: 'classification',
  space: { kind: 'labels', labels: ['ham', 'spam'], multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.1, delta: 0.1 },
  upstream: 'big-model' as ModelName,
  masked: true,
  paused: false,
}
const words = {
  ham: ['meeting', 'report', 'lunch', 'notes'],
  spam: ['prize', 'winner', 'cash', 'pills'],
} as const

let folder: string
let store: Store
let registry: Registry
let upstream: FakeUpstream
const serving: Serving[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-audits-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
  registry = openDiskRegistry(join(folder, 'registry'))
  upstream = await fakeUpstream({ answer: labelOf })
})
afterEach(async () => {
  for (const one of serving.splice(0)) await one.close()
  await upstream.close()
  await store.close()
  await rm(folder, { recursive: true })
})

const textAt = (at: number): string => {
  const some = words[at % 2 ? 'ham' : 'spam']
  return `${some[at % 4]} ${some[(at * 7 + 2) % 4]} ${some[(at >> 2) % 4]} ${at}`
}
const labelOf = (text: string): string => (words.spam.some((word) => text.includes(word)) ? 'spam' : 'ham')
const otherLabel = (text: string): string => (labelOf(text) === 'spam' ? 'ham' : 'spam')

async function publish(): Promise<void> {
  const examples = Array.from({ length: 300 }, (_, at): Example => {
    const input = { kind: 'text', text: textAt(at) } as const
    const output = { kind: 'labels', labels: [labelOf(input.text)] } as const
    return { id: exampleId(input), input, output, source: 'teacher', weight: 1 }
  })
  await trainSpecialist(
    { tier: createNanoTier(), registry, clock: systemClock, baselines: [], version: 'test' },
    { task, examples, notes: [] },
    { seed: 1, withoutBaselines: true },
  )
  await store.tasks.put(task)
  await registry.promote(specialistId(id, 1))
}

async function serve(): Promise<Serving> {
  const configuration = defaultConfiguration()
  const started = await startServing({
    configuration: {
      ...configuration,
      server: { ...configuration.server, port: 0 },
      audit: { rate: 1, budgetUsdPerDay: 5, callsPerMinute: 100_000 },
    },
    storeFile: join(folder, 'store.db'),
    store,
    registry,
    tiers: [createNanoTier()],
    log: createLog({ level: 'silent' }),
    upstreams: testUpstreams([{ url: upstream.url }]),
    version: 'test',
  })
  serving.push(started)
  return started
}

/** Says who answered. */
async function send({ url }: Serving, at: number): Promise<string | null> {
  const body = { model: 'shoal/mail', messages: [{ role: 'user', content: textAt(at) }] }
  const answer = await ask(url, JSON.stringify(body))
  expect(answer.status).toBe(200)
  return answer.headers.get('x-shoal-served-by')
}

test('what both have audited demotes in both within a second, outlives a restart, and ends when a person promotes', async () => {
  await publish()
  const [first, second] = [await serve(), await serve()]
  for (let at = 0; at < 20; at++) expect(await send(at % 2 ? first : second, at)).toBe('mail@1 (nano)')
  await expect.poll(async () => (await checks()).length).toBe(20)
  expect(await checks()).toEqual(Array.from({ length: 20 }, () => false))
  upstream.answer = otherLabel
  for (let at = 20; (await registry.promoted(id)) !== undefined; at++) {
    expect(at).toBeLessThan(60)
    await send(at % 2 ? first : second, at)
    await new Promise((done) => setTimeout(done, 10))
  }
  const sentence = /^mail@1 was demoted at .*Z: \d+ of the last \d+ audited answers were contradicted/
  for (const gateway of [first, second]) {
    await expect.poll(() => gateway.problems, { timeout: 1000 }).toEqual([expect.stringMatching(sentence)])
    await expect.poll(() => send(gateway, 61), { timeout: 1000 }).toBe('upstream')
  }
  const third = await serve()
  expect(third.problems).toEqual([expect.stringMatching(sentence)])
  expect(await send(third, 62)).toBe('upstream')
  expect(await shown()).toMatchObject([{ specialist: 'mail@1', hasLeft: true, withoutVerdict: 0 }])

  await registry.promote(specialistId(id, 1))
  await expect.poll(() => send(third, 63), { timeout: 2000 }).toBe('mail@1 (nano)')
  await expect.poll(() => third.problems, { timeout: 1000 }).toEqual([])
}, 60_000)

/** Which audits found the answer wrong. */
async function checks(): Promise<readonly boolean[]> {
  const wrong: boolean[] = []
  for await (const check of store.checks.iterate(specialistId(id, 1))) wrong.push(check.wrong)
  return wrong
}

/** What `shoal audits --json` prints. */
async function shown(): Promise<unknown> {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), main, 'audits', '--json'],
    { cwd: folder, env: { ...process.env, SHOAL_HOME: folder } },
  )
  return JSON.parse(stdout).specialists
}
