/** Questions about a text through the whole product: imported, trained, certified, promoted, answered by the gateway. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/base/clock.ts'
import { specialistId, type TaskId, taskId } from '../src/base/ids.ts'
import { createLog } from '../src/base/log.ts'
import { seededRandom } from '../src/base/random.ts'
import { plainBaselines } from '../src/eval/baselines.ts'
import { type Serving, startServing } from '../src/gateway/serving.ts'
import { meterCall } from '../src/meter/ledger-row.ts'
import { priceTable } from '../src/meter/prices.ts'
import { correctCalls } from '../src/pipeline/correct.ts'
import { importFiles } from '../src/pipeline/import.ts'
import { defaultConfiguration } from '../src/pipeline/read-configuration.ts'
import { gatherRows } from '../src/pipeline/task-rows.ts'
import { type TrainedSpecialist, trainSpecialist } from '../src/pipeline/train.ts'
import { trainAuto } from '../src/pipeline/train-auto.ts'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import type { Registry } from '../src/registry/registry.ts'
import { maskJsonText } from '../src/text/mask-json.ts'
import { maskedText } from '../src/text/masking.ts'
import { createNanoTier } from '../src/tier/nano/nano-tier.ts'
import { openLibsqlStore } from '../src/trace/libsql-store.ts'
import type { Store } from '../src/trace/store.ts'
import { cardMarkdown } from '../src/trust/card-markdown.ts'
import { type Answer, ask } from './support/ask.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { questionTier } from './support/question-tier.ts'
import { testUpstreams } from './support/test-gateway.ts'

let folder: string
let store: Store
let registry: Registry
let upstream: FakeUpstream
let serving: Serving

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-questions-'))
  store = await openLibsqlStore({ path: join(folder, 'store.db') })
  registry = openDiskRegistry(join(folder, 'registry'))
  upstream = await fakeUpstream({ answer: answerTo })
  const configuration = defaultConfiguration()
  serving = await startServing({
    configuration: {
      ...configuration,
      server: { ...configuration.server, port: 0 },
      audit: { rate: 1, budgetUsdPerDay: 5, callsPerMinute: 100_000 },
    },
    storeFile: join(folder, 'store.db'),
    store,
    registry,
    tiers: [questionTier()],
    log: createLog({ level: 'silent' }),
    upstreams: testUpstreams([{ url: upstream.url }]),
    version: 'test',
  })
})
afterAll(async () => {
  await serving.close()
  await upstream.close()
  await store.close()
  await rm(folder, { recursive: true })
})

const random = seededRandom(3)
const pick = <Item>(items: readonly Item[]): Item => items[random.below(items.length)]!
const ways = [
  ['How much did NAME pay?', /paid (\d+ euros)/],
  ['Which address did NAME use?', /mail to (\S+@\S+\.org)/],
  ['Where does NAME live?', /lives in (\w+)/],
] as const

/** A question about a letter, whose place is told in one of two. */
function letter(): { readonly question: string; readonly context: string } {
  const name = `${pick(['Ada', 'Tim', 'Marie', 'José', 'Ingrid', 'Wei'])} ${pick(['Cook', 'Curie', 'Berg', 'Zhang'])}`
  const parts = [
    `${name} paid ${100 + random.below(900)} euros 🎉 on ${pick(['Monday', 'Friday'])}.`,
    `We sent a mail to ${name.slice(0, 2).toLowerCase()}${random.below(999)}@example.org about it.`,
    ...(random.next() < 0.5
      ? [`${name} lives in ${pick(['Oslo', 'Rome', 'Bern', 'Lyon'])} since ${1990 + random.below(30)}.`]
      : []),
  ]
  const context = `Letter ${random.below(100_000)}. ${random.shuffle(parts).join(' ')} ${pick(['Best wishes', 'See you', 'Thanks'])}, ${pick(['Ann', 'Bob', 'Eve'])}`
  return { question: pick(ways)[0].replace('NAME', name), context }
}

function quoteOf(question: string, context: string): string | undefined {
  const way = ways.find(([text]) => question.startsWith(text.slice(0, 5)))
  return way?.[1].exec(context)?.[1]
}

const promptOf = (question: string, context: string): string =>
  `Answer from the letter only. Give an exact quote as JSON, or null.\n<letter>\n${context}\n</letter>\nQuestion: ${question}`

/** What the upstream says: a quote in JSON, or null. */
function answerTo(prompt: string): string {
  const [, context, question] = /<letter>\n([\s\S]*)\n<\/letter>\nQuestion: (.*)/.exec(prompt) ?? []
  if (context === undefined || question === undefined) return 'What?'
  return JSON.stringify({ answer: quoteOf(question, context) ?? null })
}

async function bring(task: TaskId, name: string, content: string): Promise<void> {
  const file = join(folder, name)
  await writeFile(file, content)
  const prices = priceTable()
  const ledgerRow = (call: Parameters<typeof meterCall>[0]) => meterCall(call, { prices })
  await importFiles(store, [file], { task, mask: maskedText, maskBody: maskJsonText, ledgerRow })
}

async function trainAndPromote(task: TaskId): Promise<TrainedSpecialist> {
  const rows = await gatherRows(store, { task, mergeLabels: false, risk: 0.05 })
  const shop = {
    tier: questionTier(),
    baselines: plainBaselines,
    registry,
    clock: systemClock,
    version: 'test',
  }
  const trained = await trainSpecialist(shop, rows, { seed: 0 })
  await store.tasks.put(rows.task)
  await registry.promote(trained.manifest.id)
  await expect.poll(() => serving.specialists.book.get(task)?.specialists.length, { timeout: 10_000 }).toBe(1)
  return trained
}

function chat(model: string, content: string, more: object = {}): Promise<Answer> {
  return ask(serving.url, JSON.stringify({ model, messages: [{ role: 'user', content }], ...more }))
}

function textOf({ text }: Answer): string {
  return JSON.parse(text).choices[0].message.content
}

const task = taskId('letters')

test('logged calls make a specialist that quotes the text of new calls as the upstream would', async () => {
  const log = Array.from({ length: 900 }, () => {
    const { question, context } = letter()
    const content = promptOf(question, context)
    return JSON.stringify({
      request: { model: 'big-model', messages: [{ role: 'user', content }] },
      response: {
        object: 'chat.completion',
        model: 'big-model',
        choices: [
          { index: 0, message: { role: 'assistant', content: answerTo(content) }, finish_reason: 'stop' },
        ],
      },
    })
  })
  await bring(task, 'calls.jsonl', log.join('\n'))
  const { card, manifest } = await trainAndPromote(task)
  expect(manifest.task).toMatchObject({
    kind: 'question-answering',
    space: { kind: 'answer' },
    rendering: { kind: 'answer', notThere: ['{"answer":null}'] },
  })
  expect(card.certificate.threshold).toBeDefined()
  expect(card.evaluation.questionAnswering).toMatchObject({
    rowsWithoutQuote: 0,
    there: { exactMatch: { value: 1 } },
    notThere: { accuracy: { value: 1 } },
  })
  expect(card.comparison!.contenders.map(({ name }) => name)).toEqual(['not-there', 'lexical-sentence'])
  expect(card.verdict!.advice).toBe('train')
  expect(cardMarkdown(card, { charts: false })).toMatch(/always "not there"[\s\S]*AUROC of "not there"/)

  let quotes = 0
  for (let call = 0; call < 40; call++) {
    const { question, context } = letter()
    const answer = await chat('big-model', promptOf(question, context))
    expect(answer.headers.get('x-shoal-served-by')).toBe('letters@1 (micro)')
    expect(textOf(answer)).toBe(answerTo(promptOf(question, context)))
    const quote = quoteOf(question, context)
    const offsets = answer.headers.get('x-shoal-answer-offsets')
    if (quote === undefined) expect(offsets).toBeNull()
    else {
      quotes++
      const [, start, end] = /^0:(\d+)-(\d+)$/.exec(offsets!)!.map(Number)
      expect([...promptOf(question, context)].slice(start, end).join('')).toBe(quote)
    }
  }
  expect(quotes).toBeGreaterThan(15)
  // Once the watch follows the specialist, each is audited with the upstream, and is right there, too.
  const wrong = async (): Promise<readonly boolean[]> => {
    const { question, context } = letter()
    await chat('big-model', promptOf(question, context))
    return (await checksOf()).map((check) => check.wrong)
  }
  await expect.poll(async () => (await wrong()).length, { timeout: 15_000 }).toBeGreaterThan(5)
  expect(new Set(await wrong())).toEqual(new Set([false]))
}, 60_000)

async function checksOf() {
  const found = []
  for await (const check of store.checks.iterate(specialistId(task, 1))) found.push(check)
  return found
}

test('what was never asked so goes upstream; a stream and the bare input are answered', async () => {
  const { context } = letter()
  const strange = await chat('big-model', promptOf('Who signed it, and why?', context))
  expect(strange.headers.get('x-shoal-served-by')).toBe('upstream')
  const asked = { question: 'How much did Ada Cook pay?', context: 'Ada Cook paid 77 euros. Letter 1.' }
  const bare = await chat('shoal/letters', JSON.stringify(asked))
  expect(bare.headers.get('x-shoal-served-by')).toBe('letters@1 (micro)')
  expect(textOf(bare)).toBe('{"answer":"77 euros"}')
  const streamed = (await chat('big-model', promptOf(asked.question, asked.context), { stream: true })).text
  const pieces = streamed
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice('data: '.length)).choices[0]?.delta?.content ?? '')
  expect(pieces.join('')).toBe('{"answer":"77 euros"}')
  // What a bare call asks that the specialist does not know goes upstream as the whole prompt.
  const unknown = await chat(
    'shoal/letters',
    JSON.stringify({ ...asked, question: 'Who signed it, and why?' }),
  )
  expect(unknown.headers.get('x-shoal-served-by')).toBe('upstream')
  expect(upstream.seen.at(-1)!.body.toString()).toContain('<letter>\\nAda Cook paid 77 euros. Letter 1.')
  const id = bare.headers.get('x-shoal-call-id')
  await expect
    .poll(() => correctCalls(store, [{ call: id as never, output: '77 Euros' }], systemClock).catch(String), {
      timeout: 5_000,
    })
    .toMatchObject([{ output: '{"answer":"77 Euros"}' }])
})

test('questions in columns make one too, which answers a question and its text in JSON', async () => {
  const other = taskId('columns')
  const lines = Array.from({ length: 700 }, () => {
    const { question, context } = letter()
    return JSON.stringify({ question, context, answer: quoteOf(question, context) ?? '' })
  })
  await bring(other, 'rows.jsonl', lines.join('\n'))
  const { card } = await trainAndPromote(other)
  expect(card.certificate).toMatchObject({ wrongMeans: 'error' })
  expect(card.certificate.threshold).toBeDefined()
  const { question, context } = {
    question: 'Where does Wei Berg live?',
    context: 'Wei Berg lives in Bern since 1999. See you, Ann',
  }
  const there = await chat('shoal/columns', JSON.stringify({ question, context }))
  expect(textOf(there)).toBe('Bern')
  const missing = await chat(
    'shoal/columns',
    JSON.stringify({ question, context: 'Wei Berg paid 5 euros. See you, Ann' }),
  )
  expect(textOf(missing)).toBe('Not found.')
  // A task of questions takes no bare text.
  expect((await chat('shoal/columns', 'Where?')).status).toBeGreaterThanOrEqual(400)
}, 60_000)

test('nano says that it does not answer questions, and what does; --tier auto takes that alone', async () => {
  const rows = await gatherRows(store, { task, mergeLabels: false })
  const nano = createNanoTier()
  const shop = { baselines: [], registry, clock: systemClock, version: 'test' }
  const toNano = trainSpecialist({ ...shop, tier: nano }, rows, { seed: 0 })
  await expect(toNano).rejects.toThrow(/nano tier does not train.*--tier micro/s)
  await expect(trainAuto({ ...shop, first: nano }, rows, { seed: 0 })).rejects.toThrow(/--tier micro/)
  const auto = await trainAuto({ ...shop, first: nano, second: questionTier() }, rows, { seed: 0 })
  expect(auto.chosen.card.tier).toBe('micro')
  expect(auto.why).toEqual([expect.stringMatching(/nano does not train question-answering/)])
})
