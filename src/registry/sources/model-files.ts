/** Which files of a tree are a model: its weights, configuration, tokenizer, pooling and licence, and nothing else. */
import { posix } from 'node:path'
import { appError } from '../../base/errors.ts'
import type { TreeFile } from './file-tree.ts'

export interface ModelFiles {
  /** What the weights are read from: one safetensors file, an index of several, or an ONNX file. */
  readonly weights: string
  /** Name in the model's own folder → path in the tree. */
  readonly files: ReadonlyMap<string, string>
}

/** Files beside the weights that are taken where they are there, under the same name. */
const wantedBeside = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'modules.json',
  '1_Pooling/config.json',
  'sentence_bert_config.json',
  'README.md',
]
const licence = /^(licen[cs]e|notice|copying)[^/]*$/i
const refusedWeights = /(pytorch_model.*\.bin|\.(pt|pth|ckpt|h5|msgpack|pkl))$/i
/** Small texts; a larger one is not what it says. */
const largestBesideBytes = 64 * 2 ** 20

/** Finds the one model in a tree; throws `source.no-model` with what is there instead. */
export function findModel(files: readonly TreeFile[], origin: string, wantedWeights?: string): ModelFiles {
  const paths = files.map(({ path }) => path)
  const weightsPath = wantedWeights ?? chooseWeights(paths, origin)
  const root = rootOf(weightsPath, paths)
  const isThere = new Set(paths)
  const found = new Map<string, string>()
  for (const name of wantedBeside) if (isThere.has(join(root, name))) found.set(name, join(root, name))
  if (!found.has('tokenizer.json')) {
    const tokenizer = onlyOne(
      paths.filter((path) => inFolder(path, root) && path.endsWith('-tokenizer.json')),
    )
    if (tokenizer !== undefined) found.set('tokenizer.json', tokenizer)
  }
  for (const path of paths) {
    const name = posix.basename(path)
    const isNear = inFolder(path, root) || /\.dist-info(\/licenses)?$/.test(posix.dirname(path))
    if (isNear && licence.test(name) && !found.has(name)) found.set(name, path)
  }
  for (const { path, sizeBytes } of files)
    if ([...found.values()].includes(path) && (sizeBytes ?? 0) > largestBesideBytes)
      throw appError('source.too-large', { file: path, source: origin, limit: '64 MiB' })
  const weights = posix.basename(weightsPath)
  for (const path of weightsWith(weightsPath, paths)) found.set(posix.basename(path), path)
  return { weights, files: found }
}

/** Safetensors before ONNX, an index before its shards, the usual name before others. */
function chooseWeights(paths: readonly string[], origin: string): string {
  const candidates = [
    paths.filter((path) => posix.basename(path) === 'model.safetensors'),
    paths.filter((path) => path.endsWith('.safetensors.index.json')),
    paths.filter((path) => path.endsWith('.safetensors')),
    paths.filter((path) => posix.basename(path) === 'model.onnx'),
    paths.filter((path) => path.endsWith('.onnx')),
  ].find(({ length }) => length > 0)
  if (candidates?.length === 1) return candidates[0]!
  if (candidates)
    throw noModel(
      origin,
      `it holds several: ${candidates.slice(0, 5).join(', ')}. Unpack it and give the path of one of these files`,
    )
  const pickled = paths.find((path) => refusedWeights.test(path))
  if (pickled !== undefined)
    throw noModel(
      origin,
      `its weights, ${pickled}, are in a format that runs code when it is read. Take a version with safetensors, or convert them where you trust them (transformers: model.save_pretrained(folder))`,
    )
  throw noModel(origin, `there is no .safetensors and no .onnx file in it; it has ${listed(paths)}`)
}

/** The folder of `config.json`: that of the weights, or the one above `onnx/`. */
function rootOf(weights: string, paths: readonly string[]): string {
  const own = posix.dirname(weights)
  const isOnnxFolder = posix.basename(own) === 'onnx' && !paths.includes(join(own, 'config.json'))
  return isOnnxFolder ? posix.dirname(own) : own
}

/** The weights and what they refer to: shards of an index, external data of an ONNX file. */
function weightsWith(weights: string, paths: readonly string[]): readonly string[] {
  const folder = posix.dirname(weights)
  const beside = paths.filter((path) => inFolder(path, folder))
  if (weights.endsWith('.json')) return [weights, ...beside.filter((path) => path.endsWith('.safetensors'))]
  const stem = posix.basename(weights)
  const data = [`${stem}_data`, `${stem}.data`].map((name) => join(folder, name))
  return [weights, ...(weights.endsWith('.onnx') ? beside.filter((path) => data.includes(path)) : [])]
}

function inFolder(path: string, folder: string): boolean {
  return posix.dirname(path) === folder
}

function join(folder: string, name: string): string {
  return folder === '.' ? name : `${folder}/${name}`
}

function onlyOne(paths: readonly string[]): string | undefined {
  return paths.length === 1 ? paths[0] : undefined
}

function listed(paths: readonly string[]): string {
  if (paths.length === 0) return 'no files'
  return paths.slice(0, 5).join(', ') + (paths.length > 5 ? ` and ${paths.length - 5} more` : '')
}

function noModel(source: string, problem: string): Error {
  return appError('source.no-model', { source, problem })
}
