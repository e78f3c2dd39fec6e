import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLane, type WorkerPort } from './lane.ts'
import { createOnnxNodeRuntime } from './onnx-node.ts'
import { loadOnnxRuntime, resolveOnnxRuntime } from './resolve-onnx-runtime.ts'
import { runtimeContract } from './runtime.contract.ts'
import type { Answer } from './session-messages.ts'
import { float32Tensor } from './tensor.ts'
import { tinyModel } from './tiny-onnx.contract.ts'

describe('onnxruntime-node', () => {
  runtimeContract(createOnnxNodeRuntime)
})

describe('where ONNX Runtime is looked for', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-ort-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function install(source: string): Promise<string> {
    const home = join(folder, 'node_modules', 'onnxruntime-node')
    await mkdir(home, { recursive: true })
    await writeFile(join(home, 'package.json'), '{"name":"onnxruntime-node","main":"main.js"}')
    await writeFile(join(home, 'main.js'), source)
    return join(home, 'main.js')
  }

  test('the folder that setup filled comes first, then what is installed beside Shoal', async () => {
    const beside = createRequire(import.meta.url).resolve('onnxruntime-node')
    expect(await resolveOnnxRuntime({ folder })).toBe(beside)
    const own = await install('exports.InferenceSession = {}; exports.Tensor = class {}')
    expect(await resolveOnnxRuntime({ folder })).toBe(own)
    expect(await loadOnnxRuntime({ folder })).toHaveProperty('InferenceSession')
  })

  test('a binary that does not load is an error that names the file and the command', async () => {
    const own = await install('throw new Error("invalid ELF header")')
    await expect(loadOnnxRuntime({ folder })).rejects.toMatchObject({
      code: 'runtime.unusable',
      message: expect.stringMatching(/invalid ELF header.*shoal setup micro/s),
      details: { path: own },
    })
  })

  test('where it is nowhere, loading a model says which command installs it', async () => {
    // A copy of the sources outside the repository, where no node_modules is found.
    const script = `
      import { cpSync } from 'node:fs'
      cpSync('src/base', process.argv[1] + '/src/base', { recursive: true })
      cpSync('src/runtime', process.argv[1] + '/src/runtime', { recursive: true })
      const { resolveOnnxRuntime } = await import(process.argv[1] + '/src/runtime/resolve-onnx-runtime.ts')
      await resolveOnnxRuntime().catch((cause) => console.log(cause.code + ' ' + cause.message))`
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
      folder,
    ])
    expect(stdout).toMatch(/^runtime\.missing .*`shoal setup micro`/)
  })
})

test('disposing while a model computes lets it come to its end, and leaves the process standing', async () => {
  const square = (name: string) => ({ name, type: 'float32', shape: [800, 800] }) as const
  const bytes = tinyModel({
    nodes: Array.from({ length: 4 }, (_, i) => ({
      ...{ op: 'MatMul', inputs: [i === 0 ? 'x' : `y${i}`, 'x'], outputs: [`y${i + 1}`] },
    })),
    inputs: [square('x')],
    outputs: [square('y4')],
  })
  const x = float32Tensor([800, 800], new Float32Array(800 * 800).fill(1e-3))
  for (let round = 0; round < 5; round++) {
    const runtime = createOnnxNodeRuntime()
    const session = await runtime.load({ kind: 'bytes', bytes: bytes.slice() }, { name: 'squares' })
    const run = session.run({ x }).catch((cause) => cause.code)
    await new Promise((resolve) => setTimeout(resolve, 4 * round))
    await runtime.dispose()
    expect(await run).toBe('runtime.worker-lost')
  }
})

describe('a worker that dies', () => {
  test('rejects what it was doing and what waits, with the reason; the next request starts another', async () => {
    const ports: { answer(answer: Answer): void; die(problem: string): void; posted: number }[] = []
    const lane = createLane(() => {
      let [onAnswer, onEnd] = [(_: Answer): void => {}, (_: string): void => {}]
      const state = {
        posted: 0,
        answer: (answer: Answer) => onAnswer(answer),
        die: (problem: string) => onEnd(problem),
      }
      ports.push(state)
      return {
        post: () => {
          state.posted++
        },
        onAnswer: (listener) => {
          onAnswer = listener
        },
        onEnd: (listener) => {
          onEnd = listener
        },
        hold: () => {},
        end: async () => {},
      } satisfies WorkerPort
    })
    const ask = (name: string) =>
      lane.ask({ request: { kind: 'release', session: 1 }, name, transfer: [], generation: lane.generation })
    const outcomes = Promise.allSettled([ask('first'), ask('second')])
    expect([ports.length, ports[0]!.posted]).toEqual([1, 1])
    ports[0]!.die('out of memory')
    expect(
      (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ).toEqual([
      expect.stringMatching(/first ended: out of memory/),
      expect.stringMatching(/second ended: out of memory/),
    ])
    const next = ask('third')
    ports[1]!.answer({ kind: 'released' })
    expect(await next).toEqual({ kind: 'released' })
  })
})
