/** Extraction as a user runs it: calls pass through, a specialist is trained and promoted, and answers as the upstream does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Call } from '../src/wire/call.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const loader = import.meta.resolve('tsx')
const running: ChildProcess[] = []
let folder: string
let upstream: FakeUpstream

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-extraction-'))
  upstream = await fakeUpstream()
  upstream.answer = (prompt) => answerTo(prompt)
})
afterAll(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

const random = seededRandom(11)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
const months = 'January February March April May June July August September October November December'.split(
  ' ',
)

/** A mail about a payment; the address, the spelling of the date and the number are what an upstream would normalise. */
function mail(): string {
  const name = `${pick(['Ada', 'Tim', 'Marie', 'José', 'Ingrid', 'Wei'])} ${pick(['Cook', 'Curie', 'Ross', 'Berg', 'Zhang'])}`
  const address = `${name.slice(0, 2).toLowerCase()}${random.below(999)}@example.org`
  const day = 1 + random.below(28)
  const date = pick([`${day} ${pick(months)} 2025`, `${pick(months)} ${day}, 2025`])
  const amount = (1000 + random.below(900_000) / 100).toLocaleString('en', { minimumFractionDigits: 2 })
  const reference = random.next() < 0.7 ? ` Order A-${10_000 + random.below(89_999)}.` : ''
  return `Dear team, ${name} here. I paid ${amount} EUR on ${date}.${reference} Write to ${address}, please.`
}

/** What the fake upstream says: the fields of the mail in its prompt. */
function answerTo(prompt: string): string {
  const text = /<mail>\n([\s\S]*)\n<\/mail>/.exec(prompt)?.[1] ?? ''
  const spelled = /on (?:(\d+) (\w+)|(\w+) (\d+),) 2025/.exec(text)!
  const month = months.indexOf(spelled[2] ?? spelled[3]!) + 1
  const day = (spelled[1] ?? spelled[4]!).padStart(2, '0')
  const fields = {
    name: /team, (.*) here/.exec(text)![1]!,
    email: /Write to (\S+),/.exec(text)![1]!,
    paid: { amount: Number(/paid (\S+)/.exec(text)![1]!.replaceAll(',', '')), currency: 'EUR' },
    date: `2025-${String(month).padStart(2, '0')}-${day}`,
    order: /A-\d+/.exec(text)?.[0] ?? null,
  }
  return JSON.stringify(fields, undefined, 2)
}

function promptOf(text: string): string {
  return `Extract the payment from this mail as JSON.\n<mail>\n${text}\n</mail>`
}

function shoal(...args: readonly string[]): ChildProcess & { readonly out: { text: string } } {
  const child = spawn(process.execPath, ['--import', loader, main, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      SHOAL_HOME: join(folder, 'home'),
      OPENAI_BASE_URL: upstream.url.href,
      OPENAI_API_KEY: 'k',
      NO_COLOR: '1',
    },
  })
  running.push(child)
  const out = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      out.text += text
    })
  return Object.assign(child, { out })
}

function ask(address: string, text: string, stream = false): Promise<Response> {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-shoal-task': 'payment' },
    body: JSON.stringify({
      model: 'big-model',
      stream,
      messages: [{ role: 'user', content: promptOf(text) }],
    }),
  })
}

test('a specialist for fields answers unseen calls byte for byte as the upstream, the address of the request in it', async () => {
  const serve = shoal('serve', '--port', '0')
  await expect.poll(() => serve.out.text, { timeout: 20_000 }).toContain('Stop with Ctrl-C')
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(serve.out.text)![0]
  for (let batch = 0; batch < 20; batch++) {
    const answers = await Promise.all(Array.from({ length: 15 }, () => ask(address, mail())))
    expect(answers.every((answer) => answer.status === 200)).toBe(true)
  }
  const train = shoal('train', 'payment', '--risk', '0.05', '--promote', '--json')
  expect((await once(train, 'close'))[0], train.out.text).toBe(0)
  const trained = JSON.parse(train.out.text.slice(train.out.text.indexOf('{')))
  expect(trained).toMatchObject({ promoted: true, certificate: { promise: 'answers', refusal: null } })
  expect(trained.score.value).toBeGreaterThan(0.95)
  expect(trained.baselines.map(({ name }: { name: string }) => name)).toEqual(['dictionary'])
  expect(trained.card.limits.join(' ')).toMatch(/email: personal data, masked/)
  await expect
    .poll(async () => (await ask(address, mail())).headers.get('x-shoal-served-by'), { timeout: 10_000 })
    .toBe('payment@1 (nano)')

  const before = upstream.seen.length
  let local = 0
  for (let call = 0; call < 60; call++) {
    const text = mail()
    const answer = await ask(address, text)
    const body = (await answer.json()) as { choices: { message: { content: string } }[] }
    expect(body.choices[0]!.message.content).toBe(answerTo(promptOf(text)))
    if (answer.headers.get('x-shoal-served-by') !== 'upstream') {
      local++
      expect(Number(answer.headers.get('x-shoal-confidence'))).toBeGreaterThan(0)
    }
  }
  expect(local).toBeGreaterThan(40)
  // Some of the local answers are audited.
  expect(upstream.seen.length - before).toBeLessThan(30)

  const text = mail()
  const streamed = await ask(address, text, true)
  const events = (await streamed.text()).split('\n\n').filter((event) => event.startsWith('data: {'))
  const pieces = events.map(
    (event) => JSON.parse(event.slice('data: '.length)).choices[0]?.delta?.content ?? '',
  )
  expect(pieces.join('')).toBe(answerTo(promptOf(text)))

  serve.kill('SIGINT')
  await once(serve, 'close')
  const store = await openLibsqlStore({ path: join(folder, 'home', 'store.db') })
  const calls: Call[] = []
  for await (const call of store.calls.iterate()) calls.push(call)
  await store.close()
  const answeredLocally = calls.filter(({ servedBy }) => servedBy !== 'upstream')
  expect(answeredLocally.length).toBeGreaterThan(40)
  expect(answeredLocally[0]!.response).toContain('[EMAIL]')
  expect(JSON.stringify(calls)).not.toContain('@example.org')
}, 90_000)
