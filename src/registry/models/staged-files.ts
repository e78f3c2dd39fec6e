/** What lies in a staged model's folder after its files were fetched: what is missing is supplied, ONNX becomes safetensors. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { appError, throwIfCancelled } from '../../base/errors.ts'
import { errorCodeOf } from '../../base/files.ts'
import type { Sha256 } from '../../base/hash.ts'
import type { WorkOptions } from '../../base/progress.ts'
import { openBytes } from '../../model/weights/byte-range.ts'
import { onnxTensors } from '../../model/weights/onnx-weights.ts'
import { readOnnxWeights } from '../../model/weights/read-onnx.ts'
import { openSafetensors } from '../../model/weights/safetensors.ts'
import { writeSafetensors } from '../../model/weights/safetensors-writer.ts'
import type { TensorSource } from '../../model/weights/tensor-source.ts'
import { fileSha256 } from '../sources/file-sha256.ts'
import type { FileTree } from '../sources/file-tree.ts'
import { findModel, type ModelFiles } from '../sources/model-files.ts'
import type { Alias } from './aliases.ts'

/** A folder with the weights as safetensors. */
export interface StagedModel {
  /** Name of the safetensors file or index. */
  readonly weights: string
  readonly convertedFrom?: string
}

/** Copies the model's files out of the tree, checks the weights' digest where one is known, and converts them where need be. */
export async function stageModel(
  tree: FileTree,
  folder: string,
  options: WorkOptions & { readonly alias?: Alias; readonly sha256?: string },
): Promise<StagedModel> {
  const found = findModel(tree.files, tree.origin)
  for (const [name, path] of found.files) await tree.copy(path, join(folder, name), options)
  await checkDigest(tree, folder, found, options)
  for (const [name, content] of Object.entries(options.alias?.supplied ?? {})) {
    await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 })
    await writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`, {
      flush: true,
      mode: 0o600,
    })
  }
  if (!found.weights.endsWith('.onnx')) return { weights: found.weights }
  await convert(folder, found, options)
  return { weights: convertedName, convertedFrom: found.weights }
}

const convertedName = 'model.safetensors'

async function checkDigest(
  tree: FileTree,
  folder: string,
  { weights }: ModelFiles,
  options: WorkOptions & { readonly alias?: Alias; readonly sha256?: string },
): Promise<void> {
  const expected = options.sha256 ?? options.alias?.sha256
  if (expected === undefined) return
  options.progress?.({ stage: 'checking files', done: 0 })
  const got = await fileSha256(join(folder, weights), options)
  if (got === expected || tree.archiveSha256 === expected) return
  throw appError('source.checksum', { file: weights, source: tree.origin, got, expected })
}

async function convert(
  folder: string,
  { weights, files }: ModelFiles,
  options: WorkOptions & { readonly alias?: Alias },
): Promise<void> {
  const source = await openOnnx(folder, weights)
  await writeSafetensors(join(folder, convertedName), source, options)
  await source.close()
  if (options.alias?.keepsOnnx) return
  for (const name of files.keys()) if (name.startsWith(weights)) await rm(join(folder, name))
}

async function openOnnx(folder: string, file: string): Promise<TensorSource> {
  const { size } = await stat(join(folder, file))
  if (size >= 2 ** 31)
    throw appError('weights.file', {
      file,
      problem: `it has ${size} bytes, and a message of ONNX ends at 2 GiB`,
    })
  const graph = readOnnxWeights(await readFile(join(folder, file)), file)
  return onnxTensors(graph, { file, external: (location) => openBytes(join(folder, location)) })
}

/** Opens the tensors of a staged or stored model. */
export function openTensors(folder: string, weights: string): Promise<TensorSource> {
  return openSafetensors(join(folder, weights))
}

/** Digest and size of every file in the folder, by name. */
export async function describeFiles(
  folder: string,
  names: readonly string[],
  options: WorkOptions,
): Promise<{ readonly [name: string]: { readonly sha256: Sha256; readonly sizeBytes: number } }> {
  const described: Record<string, { readonly sha256: Sha256; readonly sizeBytes: number }> = {}
  for (const name of names) {
    throwIfCancelled(options.signal, 'checking files')
    const path = join(folder, name)
    described[name] = { sha256: await fileSha256(path, options), sizeBytes: (await stat(path)).size }
  }
  return described
}

/** A small JSON file of a model, parsed; `undefined` where there is none. Throws `base.incomplete` for what is no JSON. */
export async function readModelJson(folder: string, name: string, source: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, name), 'utf8'))
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw appError('base.incomplete', { source, problem: `its ${name} is no JSON` }, cause)
  }
}
