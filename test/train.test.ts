/** `shoal train`, `eval`, `predict`, `promote`, `rollback` as a user runs them: the built command in a folder of its own. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../src/base/random.ts'

const main = resolve(import.meta.dirname, '..', 'dist', 'cli', 'main.js')
let folder: string

async function shoal(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, SHOAL_HOME: join(folder, 'home') }
  try {
    const done = await promisify(execFile)(process.execPath, [main, ...args], { cwd: folder, env })
    return { code: 0, ...done }
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

const random = seededRandom(3)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
const things = ['kettle', 'chair', 'coat', 'lamp', 'book', 'phone', 'table', 'bike']
const rowsOf = (count: number): string =>
  Array.from({ length: count }, () =>
    random.next() < 0.5
      ? `please refund my ${pick(things)} ${random.below(9999)},refund`
      : `where is the ${pick(things)} I ordered ${random.below(9999)},delivery`,
  ).join('\n')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-train-'))
  await writeFile(join(folder, 'rows.csv'), `text,label\n${rowsOf(1200)}\n`)
  await writeFile(join(folder, 'test.csv'), `text,label\n${rowsOf(200)}\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('imported rows become a certified specialist that is asked, judged, promoted and rolled back', async () => {
  expect((await shoal('import', 'rows.csv', '--task', 'mail')).code).toBe(0)
  const trained = await shoal('train', 'mail', '--promote', '--card', 'card.md', '--json')
  const { specialist, promoted, rows, score, baselines, certificate, sizeBytes, textsPerSecond } = JSON.parse(
    trained.stdout,
  )
  expect(specialist).toBe('mail@1')
  expect(promoted).toBe(true)
  expect(rows.train + rows.calibration + rows.test).toBeGreaterThan(1100)
  expect(score.value).toBe(1)
  expect(baselines.map(({ name }: { name: string }) => name)).toEqual(['majority', 'tfidf-lr'])
  expect(certificate).toMatchObject({ risk: 0.02, delta: 0.05, refusal: null })
  expect(certificate.calibration.bound).toBeLessThanOrEqual(0.02)
  expect(sizeBytes).toBeGreaterThan(1000)
  expect(textsPerSecond).toBeGreaterThan(100)
  expect(await readFile(join(folder, 'card.md'), 'utf8')).toContain('# mail@1')

  const judged = JSON.parse((await shoal('eval', 'mail', '--data', 'test.csv', '--json')).stdout)
  expect(judged).toMatchObject({ specialist: 'mail@1', rows: 200, right: { value: 1 } })
  const asked = JSON.parse((await shoal('predict', 'mail', 'please refund my lamp 12', '--json')).stdout)
  expect(asked.predictions[0]).toMatchObject({ label: 'refund', answersLocally: true })

  expect(JSON.parse((await shoal('train', 'mail', '--seed', '1', '--json')).stdout).specialist).toBe('mail@2')
  expect(JSON.parse((await shoal('promote', 'mail', '2', '--json')).stdout)).toEqual({
    task: 'mail',
    serves: 'mail@2',
  })
  expect(JSON.parse((await shoal('rollback', 'mail', '--json')).stdout)).toEqual({
    task: 'mail',
    serves: 'mail@1',
  })
}, 60_000)

it('the same rows and seed give the same specialist to the byte', async () => {
  const filesOf = async (): Promise<unknown> => {
    const { specialist } = JSON.parse((await shoal('train', 'mail', '--seed', '7', '--json')).stdout)
    const [, version] = specialist.split('@')
    const path = join(folder, 'home', 'registry', 'specialists', 'mail', version, 'manifest.json')
    return JSON.parse(await readFile(path, 'utf8')).files
  }
  expect(await filesOf()).toEqual(await filesOf())
}, 60_000)

describe('what cannot be trained on is refused in a sentence', () => {
  it.each([
    ['one class', 'text,label\na b,spam\nc d,spam\n', 'all of them say "spam"'],
    ['two rows', 'text,label\nhello,ham\nbuy,spam\n', 'too few to train'],
    ['labels that differ in case only', `text,label\n${rowsOf(40)}\nanother,Refund\n`, '--merge-labels'],
  ])('%s', async (_, text, said) => {
    await writeFile(join(folder, 'bad.csv'), text)
    const { code, stderr } = await shoal('train', 'bad', '--data', 'bad.csv')
    expect(code).toBe(2)
    expect(stderr).toContain(said)
  })

  it('a risk above one', async () => {
    const { code, stderr } = await shoal('train', 'mail', '--risk', '2')
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean 0.02?')
  })
})
