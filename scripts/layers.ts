/** The folders under `src/` in import order: a file imports only from its own folder or one above it in this list. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const layers = [
  'base',
  'stats',
  'text',
  'task',
  'wire',
  'data',
  'graph',
  'onnx',
  'runtime',
  'model',
  'tier',
  'registry',
  'meter',
  'eval',
  'trust',
  'compress',
  'trace',
  'discover',
  'pipeline',
  'route',
  'gateway',
  'cli',
] as const

/** Imports of a source text by their specifiers, static and dynamic. */
export function importsOf(source: string): readonly string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)['"](\.[^'"]+)['"]/g
  return [...source.matchAll(pattern)].map((match) => match[1]!)
}

/** Sentences about every import under `root` that goes down the list. */
export function layerViolations(root: string): readonly string[] {
  const problems: string[] = []
  const order = (path: string): number =>
    (layers as readonly string[]).indexOf(relative(root, path).split(sep)[0]!)
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const path = join(root, name)
    const own = order(path)
    const isEntry = !name.includes(sep)
    if (own < 0 && !isEntry) problems.push(`src/${name}: the folder is not in scripts/layers.ts`)
    for (const specifier of importsOf(readFileSync(path, 'utf8'))) {
      const target = resolve(dirname(path), specifier)
      if (!target.startsWith(root + sep) || isEntry) continue
      if (order(target) > own) problems.push(`src/${name} imports ${specifier}, which lies below it`)
    }
  }
  return problems
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = layerViolations(resolve(dirname(fileURLToPath(import.meta.url)), '../src'))
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exit(1)
}
