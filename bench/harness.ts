/** What every bench shares: where and with what it ran, beside its figures, as one JSON document. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { arch, cpus, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Json, JsonObject } from '../src/base/json.ts'

/** One figure for the page of results, beside its target and a peer measured in the same run or named. */
export interface Figure {
  readonly what: string
  readonly measured: string
  readonly target: string
  readonly met: boolean
  /** Who else was measured or published, and its figure. */
  readonly peer?: string
}

/** Results of one run and what they depend on. */
export interface BenchFigures {
  readonly seed: number
  readonly options: JsonObject
  /** SHA-256 of the data, by name. */
  readonly data: { readonly [name: string]: string }
  readonly figures: readonly Figure[]
  readonly results: Json
}

export interface Bench {
  /** Name on the command line and of the file under `bench/results/`. */
  readonly name: string
  /** What is measured, against which target, in a sentence. */
  readonly title: string
  run(options: { readonly seed: number }): Promise<BenchFigures>
}

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a bench and gives its whole document. */
export async function benchDocument(bench: Bench, options: { readonly seed: number }): Promise<Json> {
  const run = await bench.run(options)
  return {
    bench: bench.name,
    title: bench.title,
    date: new Date().toISOString(),
    commit: commit(),
    machine: machine(),
    versions: versions(),
    seed: run.seed,
    options: run.options,
    data: run.data,
    figures: run.figures.map((figure) => ({ ...figure })),
    results: run.results,
  }
}

/** Keeps a document under `bench/results/`. */
export async function keepDocument(name: string, document: Json): Promise<string> {
  const folder = join(root, 'bench', 'results')
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${name}.json`)
  await writeFile(file, `${JSON.stringify(document, null, 2)}\n`)
  return file
}

/** SHA-256 of a file of any size. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

function machine(): JsonObject {
  const [cpu] = cpus()
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${platform()} ${arch()}`,
  }
}

/** Node and the packages that the lock pins. */
function versions(): JsonObject {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  return { node: process.version, ...manifest.dependencies }
}

function commit(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', 'src') === '' ? '' : ' with changes'
    return git('rev-parse', 'HEAD') + changed
  } catch {
    return 'unknown: not a git clone'
  }
}
