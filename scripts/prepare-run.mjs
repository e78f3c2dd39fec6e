/**
 * Runs before `npm start` and `npm test`: installs the locked dependencies when the lock changed and builds `dist/`
 * when the sources changed; otherwise it only compares two digests. Plain JavaScript, since nothing is installed yet.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const installStamp = join(root, 'node_modules', '.shoal-lock')
const buildStamp = join(root, 'dist', '.shoal-sources')

/** Digest of files' names and contents, in order of name. */
function digestOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths)
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0')
  return hash.digest('hex')
}

function sourceFiles() {
  const names = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(test|contract)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
  return [...names.sort(), 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', 'package-lock.json']
}

/** True where the stamp holds this digest. */
function isCurrent(stamp, digest) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
}

/** Runs a step to its end and says how long it took; a failure ends the whole with its output. */
function step(title, command, args) {
  const began = performance.now()
  process.stderr.write(`shoal: ${title} …\n`)
  // Without this, npm before 11 lets onnxruntime-node fetch a CUDA library that nothing here uses.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }
  const result = spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 2, 2] })
  if (result.status !== 0) {
    process.stderr.write(
      `shoal: ${title}: failed${result.error ? ` (${result.error.message})` : ''}. The lines above say why.\n`,
    )
    process.exit(result.status ?? 1)
  }
  process.stderr.write(`shoal: ${title}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
}

/** The npm that runs us, or the one on the path. */
function npm() {
  const own = process.env.npm_execpath
  return own?.endsWith('.js') ? [process.execPath, own] : ['npm']
}

const lock = digestOf(['package-lock.json'])
if (!isCurrent(installStamp, lock)) {
  const [command, ...prefix] = npm()
  step('installing the locked dependencies (once)', command, [
    ...prefix,
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  writeFileSync(installStamp, lock)
}
const sources = digestOf(sourceFiles())
if (!isCurrent(buildStamp, sources)) {
  step('building', process.execPath, [join(root, 'scripts', 'build.mjs')])
  writeFileSync(buildStamp, sources)
}
