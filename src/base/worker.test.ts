import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtWorkerUrl, startWorker } from './worker.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-worker-'))
})
afterAll(async () => rm(folder, { recursive: true, force: true }))

const doubler = (extension: string): string =>
  `import { parentPort, workerData } from 'node:worker_threads'
   import { twice } from './twice.${extension}'
   parentPort!.postMessage(twice(workerData as number))`

test('a worker in TypeScript runs, with its own TypeScript imports', async () => {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(join(folder, 'twice.ts'), 'export const twice = (n: number): number => 2 * n')
  await writeFile(join(folder, 'doubler.worker.ts'), doubler('ts'))
  const worker = startWorker(pathToFileURL(join(folder, 'doubler.worker.ts')), { data: 21, name: 'doubler' })
  const [answer] = await once(worker, 'message')
  expect(answer).toBe(42)
  await worker.terminate()
})

test('the built helper starts the built worker, without a TypeScript loader', async () => {
  const compile = (source: string): string =>
    ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    }).outputText
  const built = await mkdtemp(join(tmpdir(), 'shoal-worker-built-'))
  await writeFile(join(built, 'package.json'), '{"type":"module"}')
  await writeFile(
    join(built, 'worker.js'),
    compile(await readFile(new URL('./worker.ts', import.meta.url), 'utf8')),
  )
  await writeFile(join(built, 'twice.js'), 'export const twice = (n) => 2 * n')
  await writeFile(join(built, 'doubler.worker.js'), compile(doubler('js')))
  await writeFile(
    join(built, 'main.js'),
    `import { startWorker } from './worker.js'
     const worker = startWorker(new URL('./doubler.worker.ts', import.meta.url), { data: 4 })
     worker.on('message', (answer) => console.log(answer))`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [join(built, 'main.js')])
  await rm(built, { recursive: true })
  expect(stdout.trim()).toBe('8')
})

test('only the last .ts of a built worker is replaced', () => {
  const url = new URL('file:///a.ts/b.worker.ts')
  expect(builtWorkerUrl(url, 'file:///x/worker.js').pathname).toBe('/a.ts/b.worker.js')
  expect(builtWorkerUrl(url, 'file:///x/worker.ts')).toBe(url)
})

test('a worker that throws while it starts reports it as an error event', async () => {
  await writeFile(join(folder, 'broken.worker.ts'), 'throw new Error("will not start")')
  const worker = startWorker(pathToFileURL(join(folder, 'broken.worker.ts')))
  const [cause] = await once(worker, 'error')
  expect(String(cause)).toContain('will not start')
})
