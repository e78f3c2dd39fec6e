/** `kill -9` in the middle of calls, imports, trainings, promotions and corrections: what was acknowledged is there, and nothing is damaged. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { type CrashAllResult, crashAll, mailOfWords } from './support/crash-all.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { runShoal } from './support/run-shoal.ts'
import { mailMessages } from './support/test-gateway.ts'

/** 10 in CI; SHOAL_CRASH_ROUNDS=100 for the whole of it. */
const asked = process.env['SHOAL_CRASH_ROUNDS']
const rounds = Number(asked ?? 10)
/** One where the start is measured: another lane's load would be measured with it. */
const lanes = asked === undefined ? 2 : 1
/** A start takes about one second of processor time; in CI it shares the processors with the rest of the suite. */
const mostUpMs = asked === undefined ? 15_000 : 3000

let folder: string
let upstream: FakeUpstream

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-crash-all-'))
  upstream = await fakeUpstream({
    answer: (text) => `{"label": "${text.includes('prize') ? 'spam' : 'ham'}"}`,
  })
})
afterAll(async () => {
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

/** A task with enough logged calls to be trained on. */
async function begin(own: string): Promise<ReturnType<typeof runShoal>> {
  await writeFile(
    join(own, 'shoal.yaml'),
    'server: { port: 0 }\ncalls: { durability: strict }\naudit: { rate: 0 }\n',
  )
  const random = seededRandom(5)
  const calls = Array.from({ length: 240 }, (_, i) => {
    const mail = mailOfWords(random, i % 2 === 0 ? 'prize' : 'lunch')
    return JSON.stringify({
      request: { model: 'big-model', messages: mailMessages(mail) },
      response: {
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: { role: 'assistant', content: `{"label": "${i % 2 === 0 ? 'spam' : 'ham'}"}` },
          },
        ],
      },
    })
  })
  await writeFile(join(own, 'log.jsonl'), `${calls.join('\n')}\n`)
  const shoal = runShoal(own, { OPENAI_BASE_URL: upstream.url.href })
  const imported = await shoal.run('import', 'log.jsonl', '--task', 'mail')
  expect(imported.code).toBe(0)
  const trained = await shoal.run('train', 'mail', '--risk', '0.1', '--promote', '--json')
  expect(JSON.parse(trained.stdout).promoted).toBe(true)
  return shoal
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

async function lane(at: number): Promise<readonly CrashAllResult[]> {
  const own = await mkdtemp(join(folder, 'lane-'))
  const shoal = await begin(own)
  const random = seededRandom(100 + at)
  const results: CrashAllResult[] = []
  for (let round = 0; round < Math.ceil(rounds / lanes); round++) {
    // Most end early; in some a training has time to be published and promoted.
    const killAfterMs = random.below(round % 5 === 4 ? 6000 : 2000)
    results.push(await crashAll({ shoal, seed: at * 1000 + round, killAfterMs }))
  }
  shoal.close()
  return results
}

test(`${rounds} rounds of kill -9 lose nothing that was acknowledged, serve nothing that is damaged, and are followed by an answer in under ${mostUpMs / 1000} s`, async () => {
  const results = (await Promise.all(Array.from({ length: lanes }, (_, at) => lane(at)))).flat()
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([])
  const sum = (kind: keyof CrashAllResult['counts']): number =>
    results.reduce((total, { counts }) => total + counts[kind], 0)
  const slowestUpMs = Math.max(...results.map(({ upMs }) => upMs))
  if (asked !== undefined)
    process.stderr.write(
      `${JSON.stringify({ rounds: results.length, slowestUpMs, medianUpMs: middle(results.map(({ upMs }) => upMs)), medianUpCpuMs: middle(results.map(({ upCpuMs }) => upCpuMs ?? 0)), ...Object.fromEntries((['answered', 'local', 'imported', 'corrected', 'published', 'promoted'] as const).map((kind) => [kind, sum(kind)])) })}\n`,
    )
  expect(sum('answered')).toBeGreaterThan(rounds * 10)
  expect(sum('local')).toBeGreaterThan(rounds)
  expect(sum('imported')).toBeGreaterThan(0)
  expect(sum('promoted')).toBeGreaterThan(0)
  expect(sum('corrected')).toBeGreaterThan(rounds)
  expect(slowestUpMs).toBeLessThan(mostUpMs)
}, 3_000_000)
