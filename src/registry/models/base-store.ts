/** Base models on disk: each whole in a folder named by its digest, placed by one rename; names point to digests. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { AppError, appError } from '../../base/errors.ts'
import { errorCodeOf, syncFolder, writeFileAtomic } from '../../base/files.ts'
import { isSha256, type Sha256 } from '../../base/hash.ts'
import { tryParseJson } from '../../base/json.ts'
import { isProcessAlive } from '../../base/process-alive.ts'
import { makeSyncedFolder, namesIn } from '../disk.ts'
import { fileSha256 } from '../sources/file-sha256.ts'
import { aliasOf } from './aliases.ts'
import { digestsFolder, modelFolder, namePath, namesFolder, stagingFolder } from './base-layout.ts'
import { type BaseManifest, parseBaseManifest } from './base-manifest.ts'

/** Where a model lies, whether it can be read or not. */
export interface BasePlace {
  readonly digest: Sha256
  /** Names that stand for it; none where a newer pull took its name. */
  readonly names: readonly string[]
  /** Where its files lie. */
  readonly folder: string
}

/** A model that is there. */
export interface StoredBase extends BasePlace {
  readonly manifest: BaseManifest
}

/** A model of which nothing can be said, since its `model.json` is missing or says something else. */
export interface DamagedBase extends BasePlace {
  /** `base.damaged`. */
  readonly error: AppError
}

const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/
const pointer = z.object({ digest: z.custom<Sha256>((text) => typeof text === 'string' && isSha256(text)) })

/** Checks a model's name; throws `usage.invalid`. */
export function checkBaseName(name: string): void {
  if (namePattern.test(name) && !isSha256(name)) return
  throw appError('usage.invalid', {
    problem: `"${name.slice(0, 80)}" cannot be the name of a model`,
    hint: 'Use 1 to 64 lower-case letters, digits, ".", "_" or "-".',
  })
}

/** All models of a registry, by their first name, and those that are damaged. */
export async function listBases(
  registryFolder: string,
): Promise<{ readonly sound: readonly StoredBase[]; readonly damaged: readonly DamagedBase[] }> {
  const namesOf = await readNames(registryFolder)
  const digests = (await namesIn(digestsFolder(registryFolder))).filter((name) => isSha256(name))
  const places = digests.map((digest) => placeOf(registryFolder, digest, namesOf))
  const found = await Promise.all(places.map(readBase))
  const sound = found.filter((base) => base?.kind === 'sound').map(({ base }) => base)
  const damaged = found.filter((base) => base?.kind === 'damaged').map(({ base }) => base)
  return { sound: sound.sort(byKey(keyOfSound)), damaged: damaged.sort(byKey(wordFor)) }
}

/** The model of a name, or of a digest or its first 8 or more digits; `undefined` where there is none. Throws `base.damaged`. */
export async function findBase(
  registryFolder: string,
  nameOrDigest: string,
): Promise<StoredBase | undefined> {
  // Only the manifest of the one that is wanted is read: another that is damaged is no reason not to find it.
  const place = await findBasePlace(registryFolder, nameOrDigest)
  const found = place && (await readBase(place))
  if (found?.kind === 'damaged') throw found.base.error
  return found?.base
}

/** The same of one that may be damaged: nothing of it is read. */
export async function findBasePlace(
  registryFolder: string,
  nameOrDigest: string,
): Promise<BasePlace | undefined> {
  const namesOf = await readNames(registryFolder)
  const digests = (await namesIn(digestsFolder(registryFolder))).filter((name) => isSha256(name))
  const named = digests.find((digest) => namesOf.get(digest)?.includes(nameOrDigest))
  if (named !== undefined) return placeOf(registryFolder, named, namesOf)
  if (!/^[0-9a-f]{8,64}$/.test(nameOrDigest)) return undefined
  const [matching, ...others] = digests.filter((digest) => digest.startsWith(nameOrDigest))
  return matching === undefined || others.length > 0 ? undefined : placeOf(registryFolder, matching, namesOf)
}

/** What people call it: its first name, else the beginning of its digest. */
export function wordFor({ names, digest }: BasePlace): string {
  return names[0] ?? digest.slice(0, 12)
}

/** The error for a model that is not there: `base.not-pulled` for a name that can be pulled as it is, else `base.unknown`. */
export async function noSuchBase(registryFolder: string, name: string): Promise<Error> {
  if (aliasOf(name)) return appError('base.not-pulled', { model: name })
  const known = [...(await readNames(registryFolder)).values()].flat().sort()
  return appError('base.unknown', { model: name.slice(0, 100), known: known.join(', ') || 'none' })
}

/** A new folder in which a model is put together; one that a killed process left is removed first. */
export async function makeStaging(registryFolder: string): Promise<string> {
  const parent = stagingFolder(registryFolder)
  for (const name of await namesIn(parent))
    if (!isProcessAlive(Number.parseInt(name, 10)))
      await rm(join(parent, name), { recursive: true, force: true })
  const folder = join(parent, `${process.pid}-${randomBytes(6).toString('hex')}`)
  await makeSyncedFolder(parent)
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/** Puts a staged folder, complete with its `model.json`, in its place and lets its name stand for it. */
export async function publishBase(
  registryFolder: string,
  staged: string,
  manifest: BaseManifest,
): Promise<void> {
  const place = modelFolder(registryFolder, manifest.digest)
  await makeSyncedFolder(digestsFolder(registryFolder))
  await syncFolder(staged)
  if (!(await movedInto(staged, place)) && !(await isSound(place))) {
    // What is there was damaged since it was pulled: it makes room.
    const trash = await makeStaging(registryFolder)
    await rename(place, join(trash, 'damaged'))
    await movedInto(staged, place)
    await rm(trash, { recursive: true, force: true })
  }
  await syncFolder(digestsFolder(registryFolder))
  await writeFileAtomic(
    namePath(registryFolder, manifest.name),
    `${JSON.stringify({ format: 1, digest: manifest.digest })}\n`,
  )
}

/** Takes a model and its names away, also one that is damaged. */
export async function removeBase(registryFolder: string, { names, folder }: BasePlace): Promise<void> {
  for (const name of names) await rm(namePath(registryFolder, name), { force: true })
  const trash = await makeStaging(registryFolder)
  await rename(folder, join(trash, 'removed'))
  await rm(trash, { recursive: true, force: true })
}

/** Names of the files of a model's folder that are not as its manifest says. */
export async function damagedFiles({
  folder,
  manifest,
}: Pick<StoredBase, 'folder' | 'manifest'>): Promise<readonly string[]> {
  const damaged: string[] = []
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    const got = await fileSha256(join(folder, name)).catch((cause: unknown) => {
      if (errorCodeOf(cause) !== 'ENOENT') throw cause
      return undefined
    })
    if (got !== sha256) damaged.push(name)
  }
  return damaged
}

async function isSound(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'model.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return false
  try {
    return (await damagedFiles({ folder, manifest: parseBaseManifest(folder, text) })).length === 0
  } catch {
    // Whatever is wrong with it, it is replaced by the one that was just checked.
    return false
  }
}

/** False where something is there already. */
async function movedInto(staged: string, place: string): Promise<boolean> {
  try {
    await rename(staged, place)
    return true
  } catch (cause) {
    const code = errorCodeOf(cause)
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM') return false
    throw cause
  }
}

type Read =
  | { readonly kind: 'sound'; readonly base: StoredBase }
  | { readonly kind: 'damaged'; readonly base: DamagedBase }

/** Reads what is known of a model; nothing where another process has removed it since the folders were listed. */
export async function readBase(place: BasePlace): Promise<Read | undefined> {
  const file = join(place.folder, 'model.json')
  try {
    const manifest = parseBaseManifest(file, await readFile(file, 'utf8'))
    return { kind: 'sound', base: { ...place, manifest } }
  } catch (cause) {
    const isMissing = errorCodeOf(cause) === 'ENOENT'
    if (isMissing && !(await isThere(place.folder))) return undefined
    if (!isMissing && !(cause instanceof AppError)) throw cause
    const error = appError('base.damaged', { model: wordFor(place), files: 'model.json' }, cause)
    return { kind: 'damaged', base: { ...place, error } }
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function placeOf(
  registryFolder: string,
  digest: Sha256,
  namesOf: ReadonlyMap<string, readonly string[]>,
): BasePlace {
  return { digest, names: namesOf.get(digest) ?? [], folder: modelFolder(registryFolder, digest) }
}

function keyOfSound({ names, manifest }: StoredBase): string {
  return names[0] ?? `~${manifest.name}`
}

function byKey<Base>(key: (base: Base) => string): (a: Base, b: Base) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1)
}

/** Digest → names, sorted. */
async function readNames(registryFolder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>()
  for (const file of [...(await namesIn(namesFolder(registryFolder)))].sort()) {
    if (!file.endsWith('.json')) continue
    const path = join(namesFolder(registryFolder), file)
    const text = await readFile(path, 'utf8').catch(() => '')
    const parsed = pointer.safeParse(tryParseJson(text))
    if (!parsed.success) continue
    const name = file.slice(0, -'.json'.length)
    found.set(parsed.data.digest, [...(found.get(parsed.data.digest) ?? []), name])
  }
  return found
}
