/**
 * The micro tier from the command line, on a tiny encoder: trained, promoted, asked, served; and what is said where the
 * base model or ONNX Runtime is gone, with calls going upstream.
 */
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../src/base/random.ts'
import { tinyBaseFiles, writeFiles } from '../src/registry/models/tiny-base.contract.ts'
import { type FakeUpstream, fakeUpstream } from './support/fake-upstream.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const random = seededRandom(3)
const words = { early: ['abc', 'bad', 'cab', 'dab'], late: ['rst', 'tusk', 'surf', 'stuv'] } as const

/** Texts of letters that are all early or all late in the alphabet: what even an untrained encoder can tell apart. */
function textOf(label: keyof typeof words): string {
  return Array.from({ length: 4 }, () => words[label][random.below(4)]).join(' ')
}

let folder: string
let shoal: RunShoal
let upstream: FakeUpstream

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-micro-'))
  upstream = await fakeUpstream({ answer: () => 'from upstream' })
  shoal = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href })
  await writeFiles(join(folder, 'tiny'), await tinyBaseFiles())
  const rows = Array.from({ length: 400 }, (_, at) => {
    const label = at % 2 === 0 ? 'early' : 'late'
    return `${textOf(label)} ${textOf(label)},${label}`
  })
  await writeFile(join(folder, 'rows.csv'), `text,label\n${rows.join('\n')}\n`)
})
afterAll(async () => {
  shoal.close()
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
})

/** Serves with the fake upstream; gives who answered a call, and the problems that readiness tells. */
async function served(
  by: RunShoal,
  text: string,
): Promise<{ by: string | null; problems: readonly string[] }> {
  const gateway = await by.serve('--port', '0')
  const body = JSON.stringify({ model: 'big-model', messages: [{ role: 'user', content: text }] })
  const about = { 'content-type': 'application/json', authorization: 'Bearer sk', 'x-shoal-task': 'desk' }
  try {
    const { status, headers } = await fetch(`${gateway.url}/v1/chat/completions`, {
      ...{ method: 'POST', headers: about, body },
    })
    expect(status).toBe(200)
    const { problems } = (await (await fetch(`${gateway.url}/readyz`)).json()) as { problems: string[] }
    return { by: headers.get('x-shoal-served-by'), problems }
  } finally {
    await gateway.stop()
  }
}

test('a specialist is trained on a base model that was pulled, promoted, asked and served', async () => {
  expect(await shoal.run('models', 'pull', 'tiny')).toMatchObject({ code: 0 })
  const args = [
    '--data',
    'rows.csv',
    '--tier',
    'micro',
    '--base',
    'tiny',
    '--risk',
    '0.1',
    '--promote',
    '--json',
  ]
  const trained = await shoal.run('train', 'desk', ...args)
  expect(trained).toMatchObject({ code: 0 })
  const report = JSON.parse(trained.stdout)
  expect(report).toMatchObject({ specialist: 'desk@1', tier: 'micro', promoted: true })
  expect(report.card.evaluation.right.value).toBeGreaterThan(0.95)
  const said = JSON.parse(
    (await shoal.run('predict', 'desk', 'bad cab dab abc cab dab bad abc', '--json')).stdout,
  )
  expect(said.predictions).toMatchObject([{ label: 'early', answersLocally: true }])
  expect(await served(shoal, 'surf tusk rst stuv rst surf tusk stuv')).toEqual({
    by: 'desk@1 (micro)',
    problems: [],
  })
  expect(await shoal.run('models', 'remove', 'tiny')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is needed by desk@1'),
  })
}, 90_000)

test('it teaches nano over texts that nobody labelled, on the split that it was trained with', async () => {
  const texts = Array.from({ length: 60 }, (_, at) => `${textOf(at % 2 === 0 ? 'early' : 'late')} ${at}`)
  await writeFile(join(folder, 'texts.txt'), texts.join('\n'))
  const args = [
    '--data',
    'rows.csv',
    '--risk',
    '0.1',
    '--teacher',
    'desk@1',
    '--unlabelled',
    'texts.txt',
    '--json',
  ]
  const taught = await shoal.run('train', 'desk', ...args)
  expect(taught).toMatchObject({ code: 0 })
  const { specialist, tier, card } = JSON.parse(taught.stdout)
  expect([specialist, tier]).toEqual(['desk@2', 'nano'])
  expect(card.data.sources).toMatchObject({ synthetic: 60 })
  expect(card.provenance.options.teacher.id).toBe('desk@1')
  expect(card.evaluation.right.value).toBeGreaterThan(0.9)
  const larger = await shoal.run('train', 'desk', ...args, '--tier', 'micro')
  expect(larger).toMatchObject({ code: 2 })
  expect(JSON.parse(larger.stdout).error.message).toContain('--teacher teaches nano')
}, 60_000)

test('where ONNX Runtime is missing, commands and readiness name the one that installs it, and calls go upstream', async () => {
  const bare = runShoal(folder, { OPENAI_BASE_URL: upstream.url.href }, await withoutOnnxRuntime())
  try {
    const asked = await bare.run('predict', 'desk', 'bad cab', '--json')
    expect(asked.code).toBe(1)
    expect(JSON.parse(asked.stdout).error).toMatchObject({
      code: 'gateway.tier-missing',
      message: expect.stringContaining('Run `shoal setup micro`'),
    })
    const training = await bare.run('train', 'desk', '--data', 'rows.csv', '--tier', 'micro')
    expect(training.stderr).toContain('Run `shoal setup micro`')
    const { by, problems } = await served(bare, 'surf tusk rst stuv')
    expect(by).toBe('upstream')
    expect(problems).toEqual([expect.stringMatching(/desk@1 is of the micro tier.*shoal setup micro/)])
  } finally {
    bare.close()
  }
}, 60_000)

test('where its base model vanished, it is named with the command that fetches it, and calls go upstream', async () => {
  expect(await shoal.run('models', 'remove', 'tiny', '--force')).toMatchObject({ code: 0 })
  const asked = await shoal.run('predict', 'desk', 'bad cab', '--json')
  expect(JSON.parse(asked.stdout).error).toMatchObject({
    code: 'base.vanished',
    message: expect.stringMatching(/base model "tiny".*no longer on this machine.*shoal models pull tiny/),
  })
  const { by, problems } = await served(shoal, 'surf tusk rst stuv rst surf tusk stuv')
  expect(by).toBe('upstream')
  expect(problems).toEqual([expect.stringContaining('shoal models pull tiny')])
}, 60_000)

/** The same build in a folder where all packages are but ONNX Runtime. */
async function withoutOnnxRuntime(): Promise<string> {
  const bare = join(folder, 'bare')
  const packages = join(bare, 'node_modules')
  await mkdir(packages, { recursive: true })
  await cp(join(root, 'dist'), join(bare, 'dist'), { recursive: true })
  for (const name of ['assets', 'package.json']) await symlink(join(root, name), join(bare, name))
  for (const name of await readdir(join(root, 'node_modules')))
    if (!name.startsWith('onnxruntime')) await symlink(join(root, 'node_modules', name), join(packages, name))
  return join(bare, 'dist', 'cli', 'main.js')
}
