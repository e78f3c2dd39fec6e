/** What people do with kept calls: correct them, pause a task, keep for a time, and forget. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Call } from '../src/wire/call.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { type RunShoal, runShoal, type Serving } from './support/run-shoal.ts'
import { mailMessages } from './support/test-gateway.ts'

let folder: string
let shoal: RunShoal
let upstream: FakeUpstream
let serving: Serving

const labelOf = (text: string): string => (text.includes('prize') ? 'spam' : 'ham')
const words = 'kettle chair coat lamp book phone table bike garden river window letter paper stone'.split(' ')
/** Mail of several words, so that only what stands around it is the same in all. */
function mailText(at: number): string {
  const some = Array.from({ length: 3 + (at % 5) }, (_, i) => words[(at * 7 + i * i * 3 + i) % words.length])
  const [head, tail] = [some.slice(0, at % 4), some.slice(at % 4)].map((part) => part.join(' '))
  return `${head} ${at % 2 === 0 ? 'prize' : 'lunch'} ${tail} ${at}`
}

function ask(text: string, fields: object = {}): Promise<Response> {
  return fetch(`${serving.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shoal-task': 'mail' },
    body: JSON.stringify({ model: 'big-model', messages: mailMessages(text), ...fields }),
  })
}

const servedBy = async (text: string): Promise<string | null> =>
  (await ask(text)).headers.get('x-shoal-served-by')

/** How often a text stands in any file of the data folder. */
async function occurrences(text: string): Promise<number> {
  let found = 0
  for (const entry of await readdir(shoal.home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name))
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) found++
  }
  return found
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-keeping-'))
  upstream = await fakeUpstream({ answer: (text) => `{"label": "${labelOf(text)}"}` })
  shoal = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href })
  await writeFile(
    join(folder, 'shoal.yaml'),
    'server: { port: 0 }\nlog: { level: info }\naudit: { rate: 0 }\ntasks:\n  mail:\n    risk: 0.1\n    auto: { after: 400, promote: certified }\n',
  )
  serving = await shoal.serve()
})
afterAll(async () => {
  shoal.close()
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

test('calls named by header train their task by themselves when there are enough, and what is certified serves', async () => {
  for (let at = 0; at < 400; at += 20)
    await Promise.all(Array.from({ length: 20 }, async (_, i) => (await ask(mailText(at + i))).text()))
  await expect.poll(() => servedBy(mailText(7000)), { timeout: 60_000, interval: 500 }).toBe('mail@1 (nano)')
  expect(serving.said()).toContain('trained by itself')
}, 90_000)

test('a paused task goes upstream within a second, and answers again when it is resumed', async () => {
  expect((await shoal.run('pause', 'mail')).stdout).toContain('mail is paused')
  await expect.poll(() => servedBy(mailText(7001)), { timeout: 1500, interval: 50 }).toBe('upstream')
  expect((await shoal.run('resume', 'mail')).code).toBe(0)
  await expect.poll(() => servedBy(mailText(7001)), { timeout: 1500, interval: 50 }).toBe('mail@1 (nano)')
  const unknown = await shoal.run('pause', 'mial')
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Did you mean "mail"?')])
}, 60_000)

test('a correction is checked against the labels, kept as the upstream would write it, and counts in the specialist’s test', async () => {
  const id = (await ask(mailText(8000))).headers.get('x-shoal-call-id')!
  await expect
    .poll(async () => (await shoal.run('correct', id, 'hma')).stderr)
    .toContain('Did you mean "ham"?')
  const corrected = await shoal.run('correct', id, 'ham', '--json')
  expect(JSON.parse(corrected.stdout)).toEqual({
    corrected: [{ call: id, task: 'mail', output: '{"label": "ham"}', wasWrong: true, specialist: 'mail@1' }],
  })
  await writeFile(
    join(folder, 'many.jsonl'),
    `{"call": "${id}", "output": {"label": "spam"}}\n\n{"call": "call_none", "output": "ham"}\n`,
  )
  const many = await shoal.run('correct', '--file', 'many.jsonl')
  expect([many.code, many.stderr]).toEqual([2, expect.stringContaining('No call call_none is kept')])
  const store = await openLibsqlStore({ path: join(shoal.home, 'store.db') })
  const checks = []
  for await (const check of store.checks.iterate('mail@1' as never)) checks.push(check)
  expect(checks).toMatchObject([{ call: id, source: 'correction', wrong: true }])
  expect((await store.corrections.get(id as Call['id']))?.output).toBe('{"label": "ham"}')
  await store.close()
}, 60_000)

test("an end user's calls are forgotten beside a running gateway: no file of the data folder holds a byte of them, and who was trained on them is named", async () => {
  const secret = 'Prize-Xanadu-88'
  for (let at = 0; at < 6; at++)
    await ask(`${secret} number ${at}`, { user: 'customer-4711', model: at < 3 ? 'big-model' : 'shoal/mail' })
  const trainedOn = await ask(mailText(6), { user: 'customer-4711' })
  await trainedOn.text()
  await expect.poll(() => occurrences(secret)).toBeGreaterThan(5)
  expect((await shoal.run('forget', '--user', 'customer-4711')).stderr).toContain('Say --yes')
  const forgotten = JSON.parse(
    (await shoal.run('forget', '--user', 'customer-4711', '--yes', '--json')).stdout,
  )
  expect(forgotten).toMatchObject({ calls: 7, specialists: ['mail@1'] })
  expect(await occurrences(secret)).toBe(0)
  await ask(mailText(9000))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await occurrences(secret)).toBe(0)
}, 60_000)

test('two trainings of a task at once: the second is refused; SIGTERM ends the first cleanly and another may begin', async () => {
  const locks = (): Promise<string[]> => readdir(join(shoal.home, 'training'))
  const first = shoal.begin('train', 'mail', '--json')
  await expect.poll(locks, { timeout: 20_000, interval: 5 }).toContain('mail.lock')
  const second = await shoal.run('train', 'mail')
  expect([second.code, second.stderr]).toEqual([
    1,
    expect.stringMatching(/being trained already, by process \d+/),
  ])
  first.child.kill('SIGTERM')
  const stopped = await first.ended
  expect([stopped.code, JSON.parse(stopped.stdout).error.code]).toEqual([130, 'cancelled'])
  expect(await locks()).toEqual([])
  const again = await shoal.run('train', 'mail', '--json')
  expect(JSON.parse(again.stdout).specialist).toBe('mail@2')
}, 60_000)

test('what is older than the rules keep goes with `shoal keep --now`', async () => {
  await writeFile(join(folder, 'keep.yaml'), 'keep:\n  age: 0s\n')
  const shown = await shoal.run('keep', '--config', 'keep.yaml', '--json')
  expect(JSON.parse(shown.stdout)).toMatchObject({ ageMs: 0, removed: null })
  const kept = await shoal.run('keep', '--config', 'keep.yaml', '--now', '--json')
  expect(JSON.parse(kept.stdout)).toMatchObject({ calls: 0, removed: { examples: 0 } })
  expect(await serving.stop()).toBe(0)
}, 60_000)
