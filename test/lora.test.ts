/**
 * Adapters from the command line to the gateway, on a tiny encoder: two tasks that stand on one base, asked at once; and
 * what is said where no adapter can be trained.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { tinyBaseFiles, writeFiles } from '../src/registry/models/tiny-base.contract.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

const random = seededRandom(3)
const words = { early: ['abc', 'bad', 'cab', 'dab'], late: ['rst', 'tusk', 'surf', 'stuv'] } as const
const sides = ['early', 'late'] as const
/** What each task calls the two halves of the alphabet. */
const labels = { halves: { early: 'first', late: 'second' }, desks: { early: 'east', late: 'west' } } as const

function textOf(side: (typeof sides)[number]): string {
  return Array.from({ length: 8 }, () => words[side][random.below(4)]).join(' ')
}

let folder: string
let shoal: RunShoal
let upstream: FakeUpstream

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-lora-'))
  upstream = await fakeUpstream({ answer: () => 'from upstream' })
  shoal = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href })
  await writeFiles(join(folder, 'tiny'), await tinyBaseFiles())
  for (const [task, names] of Object.entries(labels)) {
    const rows = Array.from({ length: 400 }, (_, at) => {
      const side = sides[at % 2]!
      return `${textOf(side)},${names[side]}`
    })
    await writeFile(join(folder, `${task}.csv`), `text,label\n${rows.join('\n')}\n`)
  }
})
afterAll(async () => {
  shoal.close()
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

const train = (task: string, ...more: readonly string[]) =>
  shoal.run('train', task, '--data', `${task}.csv`, '--risk', '0.1', ...more)

test('two tasks with adapters on one base are trained, promoted and served beside each other', async () => {
  expect(await shoal.run('models', 'pull', 'tiny')).toMatchObject({ code: 0 })
  const micro = ['--tier', 'micro', '--base', 'tiny', '--promote', '--lora']
  const first = await train('halves', ...micro, '2', '--json')
  expect(first).toMatchObject({ code: 0 })
  const { card } = JSON.parse(first.stdout)
  // Three layers of 16 units, queries and values, two matrices of rank 2 each.
  expect(card).toMatchObject({ tier: 'micro', adapter: { rank: 2, sizeBytes: 3 * 2 * 2 * 16 * 2 * 4 } })
  expect(card.evaluation.right.value).toBeGreaterThan(0.95)
  const second = await train('desks', ...micro)
  expect(second).toMatchObject({ code: 0 })
  expect(second.stdout).toContain('an adapter of rank 8, 6 KB, on a base that others share.')

  const gateway = await shoal.serve('--port', '0')
  const ask = async (task: keyof typeof labels, side: (typeof sides)[number]) => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk', 'x-shoal-task': task },
      body: JSON.stringify({ model: 'big', messages: [{ role: 'user', content: textOf(side) }] }),
    })
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] }
    const by = response.headers.get('x-shoal-served-by')
    if (by !== `${task}@1 (micro)`) return undefined
    return choices[0]!.message.content === labels[task][side]
  }
  try {
    const asked = Array.from({ length: 20 }, (_, at) => {
      const side = sides[at % 2]!
      return [ask('halves', side), ask('desks', side)]
    })
    const said = await Promise.all(asked.flat())
    expect(said.filter((one) => one === true).length).toBeGreaterThanOrEqual(35)
    expect(said.filter((one) => one === false).length).toBeLessThanOrEqual(1)
  } finally {
    await gateway.stop()
  }
}, 90_000)

test('with --tier auto it is nano that goes first, and the flag is for what is behind it', async () => {
  const auto = await train('halves', '--tier', 'auto', '--base', 'tiny', '--lora', '--json')
  expect(auto).toMatchObject({ code: 0 })
  expect(JSON.parse(auto.stdout).tier).toBe('nano')
}, 60_000)

test('where no adapter can be trained the mistake is named, with what to do', async () => {
  const problems: readonly (readonly [readonly string[], string])[] = [
    [
      ['--lora'],
      '--lora trains an adapter on a base model, and nano has none. Add --tier micro or --tier auto',
    ],
    [
      ['--tier', 'micro', '--lora', '0'],
      '"0" is not the rank of an adapter. Give --lora a whole number from 1',
    ],
    [['--tier', 'micro', '--lora', '2.5'], '"2.5" is not the rank of an adapter'],
    [
      ['--tier', 'micro', '--base', 'tiny', '--lora', '9'],
      'An adapter of rank 9 is no smaller than the layers of "tiny" that it stands beside. Give a rank of at most 8',
    ],
  ]
  for (const [flags, problem] of problems) {
    const refused = await train('halves', ...flags, '--json')
    expect(refused).toMatchObject({ code: 2 })
    expect(JSON.parse(refused.stdout).error).toMatchObject({ code: 'usage.invalid' })
    expect(JSON.parse(refused.stdout).error.message).toContain(problem)
  }
}, 60_000)
