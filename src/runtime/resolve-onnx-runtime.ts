/**
 * Finds onnxruntime-node: where this package's own dependencies are, or in the folder that `shoal setup micro` fills.
 * Nothing is loaded before it is asked for.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { OrtLibrary } from './ort-library.ts'

const packageName = 'onnxruntime-node'

export interface OnnxRuntimeOptions {
  /** The folder that `shoal setup micro` filled: `node_modules` lies in it. Without it, the environment's SHOAL_RUNTIME_FOLDER. */
  readonly folder?: string
}

/** Path of the package's entry; the folder comes before what is installed beside Shoal. Throws `runtime.missing`. */
export async function resolveOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<string> {
  const folder = options.folder ?? process.env['SHOAL_RUNTIME_FOLDER']
  const origins = [...(folder ? [join(folder, 'package.json')] : []), import.meta.url]
  for (const origin of origins) {
    const found = resolvedFrom(origin)
    if (found !== undefined) return found
  }
  throw appError('runtime.missing', {
    looked: folder ? `in ${folder} nor beside Shoal` : 'beside Shoal, and SHOAL_RUNTIME_FOLDER is not set',
  })
}

/** The loaded library; throws `runtime.missing`, and `runtime.unusable` where its binary does not fit this system. */
export async function loadOnnxRuntime(options: OnnxRuntimeOptions = {}): Promise<OrtLibrary> {
  const path = await resolveOnnxRuntime(options)
  try {
    const loaded: unknown = await import(pathToFileURL(path).href)
    const library = isLibrary(loaded) ? loaded : undefined
    if (library) return library
    throw new Error('it exports no InferenceSession')
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw appError('runtime.unusable', { path, problem }, cause)
  }
}

function resolvedFrom(origin: string): string | undefined {
  try {
    return createRequire(origin).resolve(packageName)
  } catch (cause) {
    if (errorCodeOf(cause) === 'MODULE_NOT_FOUND') return undefined
    throw cause
  }
}

function isLibrary(loaded: unknown): loaded is OrtLibrary {
  return typeof loaded === 'object' && loaded !== null && 'InferenceSession' in loaded && 'Tensor' in loaded
}
