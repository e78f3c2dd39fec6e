/** The published package: what a stranger gets who installs the tarball in an empty folder. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-package-'))
  // `dist/` was built before the tests; building it again here would pull it from under the other test files.
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  await writeFile(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }')
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', `./${tarball}`],
    { cwd: folder },
  )
}, 180_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

it('offers the command', async () => {
  const { stdout } = await run('npx', ['--no-install', 'shoal', '--help'], { cwd: folder })
  for (const command of [
    'serve',
    'demo',
    'import',
    'train',
    'eval',
    'predict',
    'promote',
    'rollback',
    'ledger',
  ])
    expect(stdout).toContain(`\n  ${command} `)
})

it('trains, and so brings the base embeddings and everything else that is needed', async () => {
  const lines = Array.from({ length: 200 }, (_, at) =>
    at % 2 === 0 ? `please refund order ${at},refund` : `where is parcel ${at},delivery`,
  )
  await writeFile(join(folder, 'rows.csv'), `text,label\n${lines.join('\n')}\n`)
  const args = ['--no-install', 'shoal', 'train', 'mail', '--data', 'rows.csv', '--risk', '0.2', '--json']
  const { stdout } = await run('npx', args, { cwd: folder })
  const { score, specialist } = JSON.parse(stdout)
  expect(specialist).toBe('mail@1')
  expect(score.value).toBe(1)
}, 60_000)

it('can be imported, and its types hold under strict TypeScript', async () => {
  await writeFile(
    join(folder, 'use.ts'),
    `import { type Card, maskText, taskId, type TaskId } from 'shoal'
const id: TaskId = taskId('support-mail')
const text: string = maskText('write to ann@example.test').text
export const seen: [TaskId, string] = [id, text]
export type Risk = Card['certificate']['risk']
console.log(JSON.stringify(seen))
`,
  )
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const flags = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
    '--typeRoots',
    join(root, 'node_modules', '@types'),

    'use.ts',
  ]
  await run(process.execPath, [compiler, ...flags], { cwd: folder }).catch((cause) => {
    throw new Error(cause.stdout)
  })
  const { stdout } = await run(process.execPath, ['use.js'], { cwd: folder })
  expect(JSON.parse(stdout)).toEqual(['support-mail', 'write to [EMAIL]'])
}, 60_000)
