/** Base models and the runtime of the micro tier from the command line: pulled, listed, removed, set up. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDiskRegistry } from '../src/registry/disk-registry.ts'
import { tinyBaseFiles, writeFiles } from '../src/registry/models/tiny-base.contract.ts'
import { artefact, mailTask } from '../src/registry/registry.contract.ts'
import { type RunShoal, runShoal } from './support/run-shoal.ts'

let folder: string
let shoal: RunShoal

/** An npm that installs a package which stands for the real one, and counts how often it was called. */
async function fakeNpm(bin: string): Promise<void> {
  await mkdir(bin)
  await writeFile(join(bin, 'package.json'), '{"type":"commonjs"}')
  const real = createRequire(import.meta.url).resolve('onnxruntime-node')
  const script = `#!${process.execPath}
const fs = require('node:fs')
const args = process.argv.slice(2)
fs.appendFileSync(${JSON.stringify(join(bin, 'calls'))}, args.join(' ') + ' ' + process.env.ONNXRUNTIME_NODE_INSTALL + '\\n')
fs.mkdirSync('node_modules/onnxruntime-node', { recursive: true })
fs.writeFileSync('node_modules/onnxruntime-node/package.json', JSON.stringify({ version: '1.30.0', main: 'index.js' }))
fs.writeFileSync('node_modules/onnxruntime-node/index.js', 'module.exports = require(' + JSON.stringify(${JSON.stringify(real)}) + ')')
`
  await writeFile(join(bin, 'npm'), script)
  await chmod(join(bin, 'npm'), 0o755)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-models-'))
  await fakeNpm(join(folder, 'bin'))
  const PATH = [join(folder, 'bin'), process.env['PATH']].join(delimiter)
  shoal = runShoal(folder, { PATH, npm_execpath: '' })
  await writeFiles(join(folder, 'my-encoder'), await tinyBaseFiles())
})
afterAll(async () => {
  shoal.close()
  await rm(folder, { recursive: true })
})

test('a model is pulled, listed, and removed only where no specialist needs it', async () => {
  const pulled = await shoal.run('models', 'pull', 'my-encoder', '--json')
  expect(pulled).toMatchObject({ code: 0 })
  const { digest, names, parameters } = JSON.parse(pulled.stdout)
  expect(names).toEqual(['my-encoder'])
  expect(parameters).toBeGreaterThan(1000)

  const artefactOnIt = { ...artefact(1), meta: { model: { base: { name: 'my-encoder', digest } } } }
  await openDiskRegistry(join(shoal.home, 'registry')).publish(mailTask, artefactOnIt, () => null)
  const listed = JSON.parse((await shoal.run('models', 'list', '--json')).stdout)
  expect(listed).toMatchObject([
    { names: ['my-encoder'], kind: 'encoder', licence: 'mit', usedBy: ['mail@1'] },
  ])
  expect((await shoal.run('models', 'list')).stdout).toContain('mail@1')

  const kept = await shoal.run('models', 'remove', 'my-encoder')
  expect(kept.code).toBe(1)
  expect(kept.stderr).toContain('is needed by mail@1')
  const removed = await shoal.run('models', 'remove', 'my-encoder', '--force', '--json')
  expect(JSON.parse(removed.stdout)).toMatchObject({ removed: digest, needed: ['mail@1'] })
  expect((await shoal.run('models', 'list')).stdout).toContain('No base models.')
})

test('a damaged model hides no other: it is named with what to do, and can be removed', async () => {
  await writeFiles(join(folder, 'other-encoder'), await tinyBaseFiles(1))
  for (const name of ['my-encoder', 'other-encoder']) await shoal.run('models', 'pull', name)
  const [first] = JSON.parse((await shoal.run('models', 'list', '--json')).stdout)
  await writeFile(join(first.folder, 'model.json'), '{"format"')
  const listed = await shoal.run('models', 'list')
  expect(listed.code).toBe(0)
  expect(listed.stdout).toMatch(/^other-encoder +encoder .*\n^my-encoder +damaged /m)
  expect(listed.stderr).toContain(
    'The base model "my-encoder" is damaged: model.json is not as it was pulled. Remove it with `shoal models remove my-encoder --force` and pull it again.',
  )
  expect(JSON.parse((await shoal.run('models', 'list', '--json')).stdout)).toMatchObject([
    { names: ['other-encoder'], kind: 'encoder' },
    { names: ['my-encoder'], digest: first.digest, damaged: expect.stringContaining('is damaged') },
  ])
  expect(await shoal.run('models', 'remove', 'my-encoder', '--force')).toMatchObject({ code: 0 })
  expect(JSON.parse((await shoal.run('models', 'list', '--json')).stdout)).toMatchObject([
    { names: ['other-encoder'] },
  ])
})

test('a source that is none, and a model that is not there, are errors that say what to do', async () => {
  const none = await shoal.run('models', 'pull', 'hf:only-a-name')
  expect(none).toMatchObject({ code: 2, stdout: '' })
  expect(none.stderr).toContain('expected hf:OWNER/NAME')
  const missing = await shoal.run('models', 'remove', 'minilm', '--json')
  expect(missing.code).toBe(2)
  expect(JSON.parse(missing.stdout).error.code).toBe('base.unknown')
})

test('the help lists the aliases with their licences', async () => {
  const { stdout } = await shoal.run('models', 'pull', '--help')
  expect(stdout).toMatch(/minilm\s+all-MiniLM-L6-v2.*\(en; Apache-2\.0\)/)
  expect(stdout).toMatch(/bge-small-zh\s+bge-small-zh-v1\.5.*\(zh; MIT\)/)
})

test('setup micro installs ONNX Runtime without its script, tries it, and does nothing the second time', async () => {
  const first = await shoal.run('setup', 'micro', '--json')
  expect(first).toMatchObject({ code: 0 })
  expect(JSON.parse(first.stdout)).toMatchObject({ tier: 'micro', did: 'installed', version: '1.30.0' })
  const second = await shoal.run('setup', 'micro')
  expect(second.stdout).toContain('was there already and works')
  const calls = (await readFile(join(folder, 'bin', 'calls'), 'utf8')).trim().split('\n')
  expect(calls).toHaveLength(1)
  expect(calls[0]).toMatch(/^install onnxruntime-node@1\.30\.0 --ignore-scripts .* skip$/)
})
