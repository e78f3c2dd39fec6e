/** Installs ONNX Runtime for the micro tier with the user's own npm, and tries it before it says that it is there. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, appError, assert, throwIfCancelled } from '../base/errors.ts'
import { withFileLock } from '../base/file-lock.ts'
import { isNoSpace } from '../base/files.ts'
import { isJsonObject, tryParseJson } from '../base/json.ts'
import type { WorkOptions } from '../base/progress.ts'
import { encodeModel } from '../onnx/write.ts'
import { createOnnxNodeRuntime } from '../runtime/onnx-node.ts'
import { floatsOf } from '../runtime/tensor.ts'
import { npmProblem, runNpm } from './npm.ts'

/** The one version that Shoal is tested with. */
const onnxRuntimeVersion = '1.30.0'

const packageName = 'onnxruntime-node'

export interface MicroSetup {
  readonly version: string
  /** `found`: it was there and works, nothing was changed. */
  readonly did: 'found' | 'installed'
  readonly folder: string
  readonly sizeBytes: number
}

/** Makes the folder hold a runtime that works; throws `setup.npm-failed`, `setup.busy`, `runtime.unusable`. */
export async function setupMicro(folder: string, options: WorkOptions): Promise<MicroSetup> {
  const lock = {
    path: `${folder}.lock`,
    busy: ({ pid, since }: { readonly pid: number; readonly since: string }) =>
      appError('setup.busy', { pid, since, tier: 'micro' }),
  }
  return await withFileLock(lock, async () => {
    const did = (await isSound(folder)) ? 'found' : 'installed'
    if (did === 'installed') await install(folder, options)
    return { version: onnxRuntimeVersion, did, folder, sizeBytes: await folderBytes(folder) }
  })
}

async function isSound(folder: string): Promise<boolean> {
  if ((await installedVersion(folder)) !== onnxRuntimeVersion) return false
  try {
    await tryRuntime(folder)
    return true
  } catch (cause) {
    if (cause instanceof AppError && cause.code.startsWith('runtime.')) return false
    throw cause
  }
}

async function installedVersion(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'node_modules', packageName, 'package.json'), 'utf8').catch(
    () => '',
  )
  const manifest = tryParseJson(text)
  const version = isJsonObject(manifest) ? manifest['version'] : undefined
  return typeof version === 'string' ? version : undefined
}

/** Installs beside the place, and moves it there when it is whole. */
async function install(folder: string, options: WorkOptions): Promise<void> {
  const [staged, old] = [`${folder}.new`, `${folder}.old`]
  await rm(staged, { recursive: true, force: true })
  await mkdir(staged, { recursive: true, mode: 0o700 })
  try {
    await installInto(staged, options)
    await rm(old, { recursive: true, force: true })
    await rename(folder, old).catch(() => undefined)
    await rename(staged, folder)
    options.progress?.({ stage: 'trying ONNX Runtime', done: 0 })
    await tryRuntime(folder)
  } catch (cause) {
    throw isNoSpace(cause) ? appError('disk.full', { file: folder }, cause) : cause
  } finally {
    await rm(staged, { recursive: true, force: true })
    await rm(old, { recursive: true, force: true })
  }
}

async function installInto(staged: string, options: WorkOptions): Promise<void> {
  const spec = `${packageName}@${onnxRuntimeVersion}`
  options.progress?.({ stage: `fetching ${spec} with npm (some 290 MB unpacked)`, done: 0 })
  await writeFile(
    join(staged, 'package.json'),
    `${JSON.stringify({ name: 'shoal-runtime', private: true })}\n`,
  )
  try {
    await runNpm(
      // Its install script fetches a CUDA library that is not used; the binaries for processors lie in the package.
      [
        'install',
        spec,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--no-package-lock',
        '--loglevel=error',
      ],
      {
        cwd: staged,
        variables: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
        ...(options.signal && { signal: options.signal }),
      },
    )
  } catch (cause) {
    throwIfCancelled(options.signal, 'installing ONNX Runtime')
    throw appError('setup.npm-failed', { package: spec, problem: npmProblem(cause).slice(0, 300) }, cause)
  }
  await removeOtherSystems(join(staged, 'node_modules', packageName, 'bin'))
}

/** The package holds the binaries of every system, three quarters of its size. */
async function removeOtherSystems(bin: string): Promise<void> {
  for (const abi of await readdir(bin).catch(() => [])) {
    for (const system of await readdir(join(bin, abi))) {
      const path = join(bin, abi, system)
      if (system !== process.platform) await rm(path, { recursive: true })
      else
        for (const processor of await readdir(path))
          if (processor !== process.arch) await rm(join(path, processor), { recursive: true })
    }
  }
}

/** Loads the runtime of a folder in a worker and has it add two numbers. */
async function tryRuntime(folder: string): Promise<void> {
  const runtime = createOnnxNodeRuntime({ folder })
  try {
    const session = await runtime.load({ kind: 'bytes', bytes: doublingModel() }, { name: 'a tiny model' })
    const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } })
    assert(floatsOf(y, 'y').join() === '2,4', 'ONNX Runtime adds wrongly')
    await session.release()
  } finally {
    await runtime.dispose()
  }
}

function doublingModel(): Uint8Array {
  const info = (name: string) => ({ name, type: 'float32', shape: [2] }) as const
  return encodeModel({
    graph: {
      name: 'doubling',
      nodes: [{ type: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
      initializers: [],
      inputs: [info('x')],
      outputs: [info('y')],
    },
    opsets: { '': 20 },
  })
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
