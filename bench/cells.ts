/**
 * Benches that take long keep each finished part on disk (`.cache/bench/NAME/`), so that one that was cut off goes on
 * where it stopped. A part is known by its options and by the sources it was measured with.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileAtomic } from '../src/base/files.ts'
import type { JsonObject } from '../src/base/json.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Measures a part, or gives what was measured before with the same options and sources. */
export type Cell = <Result extends JsonObject>(
  options: JsonObject,
  measure: () => Promise<Result>,
) => Promise<Result>

/** The parts of a bench; `folders` under `src/` are the sources that its figures depend on. */
export function resumableCells(bench: string, folders: readonly string[]): Cell {
  const sources = sourcesDigest(folders)
  const folder = join(root, '.cache', 'bench', bench)
  mkdirSync(folder, { recursive: true })
  return async <Result extends JsonObject>(options: JsonObject, measure: () => Promise<Result>) => {
    const key = createHash('sha256').update(JSON.stringify({ options, sources })).digest('hex')
    const file = join(folder, `${key.slice(0, 24)}.json`)
    const kept = readKept<Result>(file)
    if (kept) return kept
    const result = await measure()
    await writeFileAtomic(file, new TextEncoder().encode(JSON.stringify({ options, result })))
    process.stderr.write(`${JSON.stringify({ ...options, ...result })}\n`)
    return result
  }
}

function readKept<Result>(file: string): Result | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  const kept: { readonly result: Result } = JSON.parse(text)
  return kept.result
}

function sourcesDigest(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const under = join(root, 'src', folder)
    const names = readdirSync(under, { recursive: true, encoding: 'utf8' }).sort()
    for (const name of names) {
      if (name.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(name))
        hash.update(name).update(readFileSync(join(under, name)))
    }
  }
  return hash.digest('hex')
}
