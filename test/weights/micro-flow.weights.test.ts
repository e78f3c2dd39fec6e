/**
 * The whole of the micro tier on published weights, through the built command line: rows, a certified specialist, the
 * endpoint asked with the official client, and embeddings of the base it stands on.
 */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { type FakeUpstream, fakeUpstream } from '../support/fake-upstream.ts'
import { type RunShoal, runShoal, type Serving } from '../support/run-shoal.ts'

const weights = process.env['SHOAL_WEIGHTS'] ?? ''
/** Ways to say four things; of each the last two stand in no row that is trained on. */
const sayings: { readonly [label: string]: readonly string[] } = {
  refund: [
    'I want my money back for',
    'please refund the payment for',
    'you charged me twice for',
    'when do I get the refund for',
    'kindly reimburse me for',
    'reverse the charge on my card for',
  ],
  delivery: [
    'where is my parcel with',
    'the courier never came with',
    'tracking shows nothing for',
    'the box arrived broken, it held',
    'my shipment is still on its way with',
    'nobody rang the bell to hand over',
  ],
  account: [
    'I cannot log in to see',
    'please change the address on my profile, for',
    'my password does not work, to look at',
    'delete the account that bought',
    'the sign-in page rejects me when I want',
    'update the email of my user name, about',
  ],
  praise: [
    'thank you for the quick help with',
    'great service, I love',
    'five stars for',
    'my family is very happy with',
    'wonderful experience, so pleased about',
    'excellent work, we adore',
  ],
}
const things = [
  'the blue kettle',
  'two garden chairs',
  'a winter coat',
  'the coffee machine',
  'my headphones',
]
const random = seededRandom(7)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!

function mailOf(label: string, isNew = false): string {
  const known = sayings[label]!
  return `${pick(isNew ? known.slice(-2) : known.slice(0, -2))} ${pick(things)} (no. ${random.below(100_000)})`
}

let folder: string
let shoal: RunShoal
let upstream: FakeUpstream
let gateway: Serving
let client: OpenAI

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-micro-flow-'))
  upstream = await fakeUpstream({ answer: () => 'from upstream' })
  // The lock of large trainings lies in the folder for temporary files: another's on this machine is no concern here.
  shoal = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href, TMPDIR: folder })
  await mkdir(join(shoal.home, 'registry'), { recursive: true })
  await symlink(join(weights, 'registry', 'models'), join(shoal.home, 'registry', 'models'))
  const rows = Array.from({ length: 400 }, () => {
    const label = pick(Object.keys(sayings))
    return { text: mailOf(label), label }
  })
  await writeFile(join(folder, 'mails.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const trained = await shoal.run(
    ...['train', 'support-mail', '--tier', 'micro', '--data', 'mails.jsonl'],
    ...['--risk', '0.05', '--budget', '20s', '--promote', '--json'],
  )
  expect(trained).toMatchObject({ code: 0 })
  expect(JSON.parse(trained.stdout)).toMatchObject({ tier: 'micro', promoted: true })
  gateway = await shoal.serve('--port', '0')
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 })
}, 120_000)
afterAll(async () => {
  await gateway?.stop()
  shoal.close()
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

test('a chat completion is answered here, by the specialist that was trained', async () => {
  for (const label of Object.keys(sayings)) {
    const { data, response } = await client.chat.completions
      .create({ model: 'shoal/support-mail', messages: [{ role: 'user', content: mailOf(label) }] })
      .withResponse()
    expect(data.choices[0]!.message.content).toBe(label)
    expect(response.headers.get('x-shoal-served-by')).toBe('support-mail@1 (micro)')
  }
  expect(upstream.seen).toHaveLength(0)
}, 30_000)

test('what nobody wrote in a row is understood all the same, as the encoder knows more than the rows', async () => {
  const asked = Object.keys(sayings).flatMap((label) =>
    Array.from({ length: 6 }, () => ({ label, text: mailOf(label, true) })),
  )
  const { stdout } = await shoal.run('predict', 'support-mail', ...asked.map(({ text }) => text), '--json')
  const { predictions } = JSON.parse(stdout) as { predictions: readonly { readonly label: string }[] }
  const right = predictions.filter(({ label }, at) => label === asked[at]!.label).length
  expect(right).toBeGreaterThanOrEqual(20)
}, 30_000)

test('embeddings of the base encoder are those of sentence-transformers, within 1e-4', async () => {
  const published = JSON.parse(
    await readFile(new URL('./minilm-embeddings.json', import.meta.url), 'utf8'),
  ) as readonly { readonly text: string; readonly vector: string }[]
  const some = published.filter(({ text }) => text !== '').slice(0, 20)
  const { data } = await client.embeddings.create({ model: 'minilm', input: some.map(({ text }) => text) })
  for (const [at, { text, vector }] of some.entries()) {
    const expected = new Float32Array(new Uint8Array(Buffer.from(vector, 'base64')).buffer)
    const far = Math.max(...expected.map((value, i) => Math.abs(value - data[at]!.embedding[i]!)))
    expect(far, text).toBeLessThan(1e-4)
  }
}, 30_000)
