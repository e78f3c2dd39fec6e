/** Builds `dist/` from `src/` with tsc, from nothing, and makes the command executable. */
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
)
rmSync(join(root, 'dist'), { recursive: true, force: true })
const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
if (result.status !== 0) process.exit(result.status ?? 1)
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755)
