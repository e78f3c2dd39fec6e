/** Reads safetensors, one file or several with an index, by positions: only tensors are read, nothing is executed. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { appError } from '../../base/errors.ts'
import { isJsonObject, tryParseJson } from '../../base/json.ts'
import { type ByteRange, bytesInMemory, openBytes } from './byte-range.ts'
import { toFloat32 } from './element-types.ts'
import { readHeader } from './safetensors-header.ts'
import { checkFinite, missingTensor, type TensorSource } from './tensor-source.ts'

/** Opens `*.safetensors`, or `*.safetensors.index.json` with its shards beside it; throws `weights.file` or `weights.tensor`. */
export async function openSafetensors(path: string): Promise<TensorSource> {
  return path.endsWith('.json') ? openShards(path) : tensorsOf(await openBytes(path))
}

/** The tensors of a safetensors file that is in memory; throws `weights.file` or `weights.tensor`. */
export function parseSafetensors(bytes: Uint8Array, name: string): Promise<TensorSource> {
  return tensorsOf(bytesInMemory(bytes, name))
}

async function tensorsOf(file: ByteRange): Promise<TensorSource> {
  try {
    const entries = await readHeader(file)
    const names = [...entries.keys()].sort()
    const entryOf = (name: string) => {
      const entry = entries.get(name)
      if (!entry) throw missingTensor(file.name, name, names)
      return entry
    }
    return {
      names,
      shapeOf: (name) => entryOf(name).shape,
      read: async (name) => {
        const { shape, type, begin, end } = entryOf(name)
        const of = { file: file.name, tensor: name }
        const bytes = await file.read(begin, end - begin)
        if (bytes.length < end - begin)
          throw appError('weights.tensor', { ...of, problem: 'is cut short: the file became shorter' })
        const data = toFloat32(bytes, type, of)
        checkFinite(data, of)
        return { shape, data }
      },
      close: () => file.close(),
    }
  } catch (cause) {
    await file.close()
    throw cause
  }
}

async function openShards(indexPath: string): Promise<TensorSource> {
  const index = basename(indexPath)
  const placeOf = parseIndex(index, await readFile(indexPath, 'utf8'))
  const shards = new Map<string, TensorSource>()
  const close = async (): Promise<void> => {
    for (const shard of shards.values()) await shard.close()
  }
  try {
    for (const file of new Set(placeOf.values()))
      shards.set(file, await openSafetensors(join(dirname(indexPath), file)))
    for (const [name, file] of placeOf) shards.get(file)!.shapeOf(name)
    for (const [file, shard] of shards) checkListed(shard, { file, index, placeOf })
  } catch (cause) {
    await close()
    throw cause
  }
  const names = [...placeOf.keys()].sort()
  const shardOf = (name: string): TensorSource => {
    const file = placeOf.get(name)
    if (file === undefined) throw missingTensor(index, name, names)
    return shards.get(file)!
  }
  return {
    names,
    shapeOf: (name) => shardOf(name).shapeOf(name),
    read: (name) => shardOf(name).read(name),
    close,
  }
}

/** Name of each tensor → file beside the index. */
function parseIndex(index: string, text: string): ReadonlyMap<string, string> {
  const document = tryParseJson(text)
  const map = isJsonObject(document) ? document['weight_map'] : undefined
  if (!isJsonObject(map)) throw appError('weights.file', { file: index, problem: 'it has no "weight_map"' })
  const entries = Object.entries(map).map(([name, file]): [string, string] => {
    if (typeof file === 'string' && /^[^/\\]+\.safetensors$/.test(file)) return [name, file]
    const problem = `is said to lie in ${JSON.stringify(file)}, expected a .safetensors file beside the index`
    throw appError('weights.tensor', { file: index, tensor: name, problem })
  })
  return new Map(entries)
}

/** A tensor that lies in two shards, or in one that the index does not send to, would be read or not by chance. */
function checkListed(
  shard: TensorSource,
  of: { readonly file: string; readonly index: string; readonly placeOf: ReadonlyMap<string, string> },
): void {
  const stray = shard.names.find((name) => of.placeOf.get(name) !== of.file)
  if (stray === undefined) return
  const said = of.placeOf.get(stray) ?? 'no file'
  const problem = `lies here, but ${of.index} says that it lies in ${said}`
  throw appError('weights.tensor', { file: of.file, tensor: stray, problem })
}
