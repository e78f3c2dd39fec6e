/**
 * Base encoders of the registry as what answers embeddings: loaded when first asked, on the layers that specialists on
 * the same base use too, and let go when nobody has asked for a while.
 */
import { stat } from 'node:fs/promises'
import { AppError, appError, throwIfCancelled } from '../../base/errors.ts'
import { copyVectors } from '../../model/encoder/encoder-session.ts'
import { frameText, specialCount } from '../../model/encoder/framing.ts'
import { namesFolder } from '../../registry/models/base-layout.ts'
import { listBases } from '../../registry/models/base-store.ts'
import type { MicroServing, Served } from '../../tier/micro/serving/serving.ts'
import type { Embedded, Embedder, Embedders } from './embedders.ts'

export interface BaseEmbeddersOptions {
  readonly registryFolder: string
  readonly serving: MicroServing
  /** Told where the registry cannot be read; the names known before go on. */
  readonly onProblem: (cause: unknown) => void
  /** How long an encoder stays in memory after it was last asked; 5 minutes by default. */
  readonly idleMs?: number
  /** How often the registry's names are looked at; 1 second by default. */
  readonly lookEveryMs?: number
}

export interface BaseEmbedders extends Embedders {
  /** Stops looking, and lets go of what is loaded. */
  close(): Promise<void>
}

interface Loaded {
  readonly served: Promise<Served>
  using: number
  usedMs: number
}

interface Shelf {
  readonly options: BaseEmbeddersOptions
  /** Digests by name. */
  names: ReadonlyMap<string, string>
  namesStamp: string
  /** By digest. */
  readonly loaded: Map<string, Loaded>
}

/** Embedders for the base encoders that are there, as they are pulled and removed. */
export async function openBaseEmbedders(options: BaseEmbeddersOptions): Promise<BaseEmbedders> {
  const shelf: Shelf = { options, names: new Map(), namesStamp: '', loaded: new Map() }
  await readNames(shelf)
  let looking = Promise.resolve()
  const timer = setInterval(() => {
    looking = looking.then(() => lookAgain(shelf))
  }, options.lookEveryMs ?? 1000)
  timer.unref()
  return {
    names: () => [...shelf.names.keys()],
    find: (name) => find(shelf, name),
    close: async () => {
      clearInterval(timer)
      await looking
      for (const digest of shelf.loaded.keys()) await letGo(shelf, digest)
    },
  }
}

async function lookAgain(shelf: Shelf): Promise<void> {
  try {
    await readNames(shelf)
    await letIdleGo(shelf)
  } catch (cause) {
    shelf.options.onProblem(cause)
  }
}

/** Names move by renaming, which changes their folder; one changed just now is read again, since clocks tick slowly. */
async function readNames(shelf: Shelf): Promise<void> {
  const { registryFolder } = shelf.options
  const changedMs = await stat(namesFolder(registryFolder)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
  const stamp = changedMs !== undefined && Date.now() - changedMs > clockTickMs ? String(changedMs) : ''
  if (stamp !== '' && stamp === shelf.namesStamp) return
  // Who asks for one that is damaged is told so.
  const { sound, damaged } = await listBases(registryFolder)
  const names = [...sound, ...damaged].flatMap((base) =>
    base.names.map((name) => [name, base.digest] as const),
  )
  shelf.names = new Map(names)
  shelf.namesStamp = stamp
}

const clockTickMs = 2000
const usualIdleMs = 5 * 60_000

async function letIdleGo(shelf: Shelf): Promise<void> {
  const { idleMs = usualIdleMs } = shelf.options
  for (const [digest, { using, usedMs }] of shelf.loaded) {
    if (using === 0 && performance.now() - usedMs >= idleMs) await letGo(shelf, digest)
  }
}

async function letGo({ loaded }: Shelf, digest: string): Promise<void> {
  const leaving = loaded.get(digest)
  loaded.delete(digest)
  await leaving?.served.then(
    ({ session }) => session.release(),
    () => undefined,
  )
}

async function find(shelf: Shelf, name: string): Promise<Embedder | undefined> {
  const digest = shelf.names.get(name)
  if (digest === undefined) return undefined
  try {
    const loaded = load(shelf, name, digest)
    const { base } = await loaded.served
    return {
      name,
      width: base.config.hidden,
      embed: (texts, options) => embed(shelf, { name, digest }, texts, options),
    }
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'base.vanished') return undefined
    throw cause
  }
}

/** What failed is not kept: the next request tries again. */
function load({ options, loaded }: Shelf, name: string, digest: string): Loaded {
  const known = loaded.get(digest)
  if (known) {
    known.usedMs = performance.now()
    return known
  }
  const served = options.serving.openVectors({ name, digest })
  const entry: Loaded = { served, using: 0, usedMs: performance.now() }
  loaded.set(digest, entry)
  served.catch(() => {
    if (loaded.get(digest) === entry) loaded.delete(digest)
  })
  return entry
}

async function embed(
  shelf: Shelf,
  { name, digest }: { readonly name: string; readonly digest: string },
  texts: readonly string[],
  options: Parameters<Embedder['embed']>[1],
): Promise<Embedded> {
  const entry = load(shelf, name, digest)
  entry.using++
  try {
    const served = await entry.served
    const framed = await frameAll(name, served, texts, options)
    const vectors = new Float32Array(texts.length * served.base.config.hidden)
    const { signal } = options
    await served.session.run(
      framed.map(({ ids }) => ids),
      (batch) => copyVectors(batch, 'vector', vectors),
      signal && { signal },
    )
    return {
      vectors,
      tokens: framed.reduce((sum, { ids }) => sum + ids.length, 0),
      truncated: framed.filter(({ isCut }) => isCut).length,
    }
  } catch (cause) {
    // Its sessions went with the worker: the next request loads it again.
    if (cause instanceof AppError && cause.code === 'runtime.worker-lost') await letGo(shelf, digest)
    throw cause
  } finally {
    entry.using--
    entry.usedMs = performance.now()
  }
}

interface Framed {
  readonly ids: Int32Array
  readonly isCut: boolean
}

/** UTF-16 units that are split into tokens before other requests get their turn. */
const unitsAtOnce = 16_384

async function frameAll(
  name: string,
  { base: { tokenizer, textLimit: limit } }: Served,
  texts: readonly string[],
  { truncate, signal }: Parameters<Embedder['embed']>[1],
): Promise<readonly Framed[]> {
  const framed: Framed[] = []
  let units = 0
  for (const [index, text] of texts.entries()) {
    units += text.length
    if (units > unitsAtOnce) {
      units = 0
      await new Promise((resolve) => setImmediate(resolve))
      throwIfCancelled(signal, `running ${name}`)
    }
    const ids = frameText(tokenizer, text, limit + 1)
    if (ids.length <= limit) {
      framed.push({ ids, isCut: false })
      continue
    }
    if (!truncate) {
      const tokens = tokenizer.encode(text).ids.length + specialCount(tokenizer.template.single)
      throw appError('embeddings.too-long', { index, tokens, model: name, limit })
    }
    framed.push({ ids: frameText(tokenizer, text, limit), isCut: true })
  }
  return framed
}
