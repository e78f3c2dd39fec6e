/** Starts worker threads and processes, the same from TypeScript sources (tests, benches) as from the built package. */
import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type TransferListItem, Worker } from 'node:worker_threads'

export interface StartWorkerOptions {
  /** What the worker reads as `workerData`. */
  readonly data?: unknown
  readonly transfer?: readonly TransferListItem[]
  /** Shown by debuggers and profilers. */
  readonly name?: string
  /** Heap ceiling of the worker, MiB; the worker ends with an `error` event where it is passed. */
  readonly maxHeapMb?: number
}

/**
 * Starts the worker whose source is at `url`: write `new URL('./name.worker.ts', import.meta.url)`.
 * Its failures come as the worker's own `error` and `exit` events.
 */
export function startWorker(url: URL, options: StartWorkerOptions = {}): Worker {
  const entry = builtWorkerUrl(url, import.meta.url)
  return new Worker(entry.pathname.endsWith('.ts') ? typescriptEntry(entry) : entry, {
    workerData: options.data,
    ...(options.transfer && { transferList: [...options.transfer] }),
    ...(options.name && { name: options.name }),
    ...(options.maxHeapMb && { resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb } }),
  })
}

export interface StartProcessOptions {
  /** Variables of the process beside those of this one. */
  readonly environment?: Readonly<Record<string, string>>
  /** Node's own options, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[]
}

/**
 * Starts a process whose source is at `url`, as {@link startWorker} starts a thread; typed arrays can be sent to it.
 * What it writes goes to this process's stderr.
 */
export function startProcess(url: URL, options: StartProcessOptions = {}): ChildProcess {
  const entry = builtWorkerUrl(url, import.meta.url)
  const loader = entry.pathname.endsWith('.ts') ? ['--import', tsxUrl('tsx')] : []
  return fork(fileURLToPath(entry), {
    serialization: 'advanced',
    execArgv: [...loader, ...(options.nodeOptions ?? [])],
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 2, 2, 'ipc'],
  })
}

/** The worker's file beside a caller that is built (`.js`) or not (`.ts`): the compiler leaves `new URL` as it is written. */
export function builtWorkerUrl(url: URL, ownUrl: string): URL {
  if (new URL(ownUrl).pathname.endsWith('.ts')) return url
  return new URL(url.href.replace(/\.ts$/, '.js'))
}

/**
 * Node 20 cannot run TypeScript, vitest's loader does not reach its workers, and `--import tsx` does not hold for a
 * worker's entry: so the entry is a line that registers tsx and then imports the file.
 */
function typescriptEntry(entry: URL): URL {
  const loader = tsxUrl('tsx/esm/api')
  const source = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry.href)})`
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`)
}

function tsxUrl(module: 'tsx' | 'tsx/esm/api'): string {
  return pathToFileURL(createRequire(import.meta.url).resolve(module)).href.replace(/cjs$/, 'mjs')
}
