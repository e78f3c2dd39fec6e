/** A cascade of two tiers from training to demotion, through the gateway and the command line: one promise for both. */
import { execFile } from 'node:child_process'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { type ModelName, specialistId, taskId } from '../src/base/ids.ts'
import { createLog } from '../src/base/log.ts'
import { seededRandom } from '../src/base/random.ts'
import type { Example } from '../src/data/example.ts'
import { exampleId } from '../src/data/example-set.ts'
import { type Serving, startServing } from '../src/gateway/serving.ts'
import { defaultConfiguration } from '../src/pipeline/read-configuration.ts'
import { trainAuto } from '../src/pipeline/train-auto.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { Registry } from '../src/registry/registry.ts'
import type { Task } from '../src/task/types.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { secondTier } from '../src/tier/second-tier.contract.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Store } from '../src/trace/store.ts'
import { ask } from './support/ask.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { testUpstreams } from './support/test-gateway.ts'

const id = taskId('desk')
const words = { card: ['pin', 'visa'], loan: ['mortgage', 'interest'], refund: ['return', 'cancel'] } as const
const labels = Object.keys(words) as readonly (keyof typeof words)[]
const task: Task = {
  id,
  kind: 'classification',
  space: { kind: 'labels', labels, multiple: false },
  rendering: { kind: 'text', before: '', after: '' },
  risk: { risk: 0.1, delta: 0.1 },
  upstream: 'big-model' as ModelName,
  masked: false,
  paused: false,
}
const labelOf = (text: string): string => labels[Number(/\d+$/.exec(text)?.[0] ?? 0) % 3]!
const otherLabel = (text: string): string => labels[(labels.indexOf(labelOf(text) as 'card') + 1) % 3]!

const random = seededRandom(5)
/** A hard text says in its number alone what it is about, which n-grams cannot know. */
function textOf(isHard: boolean): string {
  const at = random.below(3)
  const word = isHard ? 'thing' : words[labels[at]!][random.below(2)]!
  return `about the ${word} ${3 * random.below(3_000_000) + at}`
}

let folder: string
let store: Store
let registry: Registry
let upstream: FakeUpstream
let gateway: Serving
const nano = createNanoTier()
const tiers = [nano, secondTier(nano, { knows: ({ text }) => labelOf(text) })]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-cascade-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
  registry = openDiskRegistry(join(folder, 'registry'))
  upstream = await fakeUpstream({ answer: labelOf })
  const examples = Array.from({ length: 1500 }, (_, at): Example => {
    const input = { kind: 'text', text: textOf(at % 2 === 0) } as const
    const output = { kind: 'labels', labels: [labelOf(input.text)] } as const
    return { id: exampleId(input), input, output, source: 'teacher', weight: 1 }
  })
  const shop = {
    first: nano,
    second: tiers[1]!,
    baselines: [],
    registry,
    clock: systemClock,
    version: 'test',
  }
  const { chosen } = await trainAuto(shop, { task, examples, notes: [] }, { seed: 0, withoutBaselines: true })
  await store.tasks.put(task)
  await registry.promote(chosen.manifest.id)
  gateway = await serve()
}, 120_000)
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  await store.close()
  await rm(folder, { recursive: true })
})

function serve(): Promise<Serving> {
  const configuration = defaultConfiguration()
  return startServing({
    configuration: {
      ...configuration,
      server: { ...configuration.server, port: 0 },
      audit: { rate: 1, budgetUsdPerDay: 5, callsPerMinute: 100_000 },
    },
    storeFile: join(folder, 'store.db'),
    store,
    registry,
    tiers,
    log: createLog({ level: 'silent' }),
    upstreams: testUpstreams([{ url: upstream.url }]),
    version: 'test',
  })
}

/** Who answered, and the call's name. */
async function send(to: Serving, text: string): Promise<{ by: string | null; call: string | null }> {
  const body = { model: 'shoal/desk', messages: [{ role: 'user', content: text }] }
  const { status, headers } = await ask(to.url, JSON.stringify(body))
  expect(status).toBe(200)
  return { by: headers.get('x-shoal-served-by'), call: headers.get('x-shoal-call-id') }
}

async function shoal(...args: readonly string[]): Promise<string> {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), main, ...args],
    { cwd: folder, env: { ...process.env, SHOAL_HOME: folder } },
  )
  return stdout
}

async function checksOf(version: number): Promise<readonly { source: string; wrong: boolean }[]> {
  const checks = []
  for await (const check of store.checks.iterate(specialistId(id, version))) checks.push(check)
  return checks
}

const early = 'desk@2 via desk@1 (nano)'
const late = 'desk@2 (micro)'

test('easy calls are answered by the first, hard ones by the second, and each answer says by whom', async () => {
  const served = { easy: [] as (string | null)[], hard: [] as (string | null)[] }
  for (let at = 0; at < 12; at++) {
    served.easy.push((await send(gateway, textOf(false))).by)
    served.hard.push((await send(gateway, textOf(true))).by)
  }
  expect(served.easy.filter((by) => by === early).length).toBeGreaterThan(6)
  expect(served.hard.filter((by) => by === late).length).toBeGreaterThan(6)
  expect(served.hard).not.toContain(early)
}, 60_000)

test('audits of both and corrections of either count for the one promise, and for no other version', async () => {
  await expect.poll(async () => (await checksOf(2)).length).toBeGreaterThan(12)
  let said = await send(gateway, textOf(false))
  while (said.by !== early) said = await send(gateway, textOf(false))
  await expect.poll(async () => (await store.calls.get(said.call as never)) !== undefined).toBe(true)
  const corrected = JSON.parse(await shoal('correct', said.call!, 'card', '--json'))
  expect(JSON.stringify(corrected)).toContain('desk@2')
  expect((await checksOf(2)).filter(({ source }) => source === 'correction')).toHaveLength(1)
  expect(await checksOf(1)).toEqual([])
}, 60_000)

test('report, audits, the admin API and the ledger know the stages', async () => {
  expect(await shoal('report', 'desk')).toMatch(/\| desk@1 \(nano\) .*\n\| desk@2 \(micro\)/)
  const audits = JSON.parse(await shoal('audits', '--json')).specialists
  expect(audits).toMatchObject([{ specialist: 'desk@2', hasLeft: false }])
  const { specialists } = (await (await fetch(`${gateway.url}/admin/tasks/desk/specialists`)).json()) as {
    specialists: { certificate: { stages?: { specialist: string }[] } }[]
  }
  expect(specialists[0]!.certificate.stages!.map(({ specialist }) => specialist)).toEqual([
    'desk@1',
    'desk@2',
  ])
  const tiersSeen = (await store.ledger.groups('tier', { task: id })).map(({ name }) => name)
  expect(tiersSeen).toEqual(expect.arrayContaining(['nano', 'micro']))
}, 60_000)

test('a first version whose files vanished stops the whole cascade, until they are back', async () => {
  const manifest = join(folder, 'registry', 'specialists', 'desk', '1')
  await rename(manifest, `${manifest}.gone`)
  const other = await serve()
  try {
    expect(other.problems.join(' ')).toMatch(
      /desk@2 answers behind desk@1, which is not what it was made with/,
    )
    expect((await send(other, textOf(true))).by).toBe('upstream')
    await expect(registry.promote(specialistId(id, 2))).rejects.toMatchObject({
      code: 'registry.stage-missing',
    })
  } finally {
    await other.close()
    await rename(`${manifest}.gone`, manifest)
  }
}, 60_000)

test('an upstream that contradicts the answers of the first demotes the version, so that none of it answers', async () => {
  upstream.answer = otherLabel
  for (let at = 0; (await registry.promoted(id)) !== undefined; at++) {
    expect(at).toBeLessThan(200)
    await send(gateway, textOf(false))
    await new Promise((done) => setTimeout(done, 10))
  }
  await expect.poll(async () => (await send(gateway, textOf(true))).by, { timeout: 2000 }).toBe('upstream')
  expect(await shoal('promote', 'desk', '1')).toMatch(/desk@1 serves/)
  await expect
    .poll(async () => (await send(gateway, textOf(false))).by, { timeout: 3000 })
    .toMatch(/^desk@1 \(nano\)$|^upstream$/)
}, 60_000)
