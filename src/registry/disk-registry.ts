/** The registry in a folder: immutable files by digest, immutable manifests, and one small file a task that moves. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { appError, assert } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import { parseSpecialistId, type SpecialistId, specialistId, type TaskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Scratch } from '../base/scratch.ts'
import type { Task } from '../task/types.ts'
import type { Artefact } from '../tier/tier.ts'
import { type FileEntry, readBlob, writeBlob } from './blobs.ts'
import {
  makeSyncedFolder,
  namesIn,
  type Placing,
  placeFile,
  spaceError,
  sweepTemporary,
  type WriteNewFile,
  writeNewFile,
} from './disk.ts'
import { manifestPath, temporaryFolder, versionsFolder } from './layout.ts'
import { manifestText, parseManifest, specialistDigest } from './manifest-file.ts'
import {
  demotedPointer,
  movePointer,
  type Pointer,
  promotedPointer,
  readPointer,
  rolledBackPointer,
  rolledBackTo,
} from './pointer.ts'
import type { LoadedSpecialist, Manifest, PublishOptions, Registry } from './registry.ts'
import { checkBefore } from './stages.ts'
import { watchPointers } from './watch-pointers.ts'

export interface DiskRegistryOptions {
  readonly clock?: Clock
  /** How new files are written; tests give one that fails. */
  readonly write?: WriteNewFile
}

/** A folder and how it is changed. */
interface Place {
  readonly folder: string
  readonly placing: Placing
  readonly clock: Clock
}

/** The registry of a folder, which is made when something is published. */
export function openDiskRegistry(folder: string, options: DiskRegistryOptions = {}): Registry {
  const placing = { temporaryFolder: temporaryFolder(folder), write: options.write ?? writeNewFile }
  const place: Place = { folder, placing, clock: options.clock ?? systemClock }
  return {
    publish: (task, artefact, card, options) => publish(place, { ...options, task, artefact, card }),
    load: (id) => load(place, id),
    describe: (id) => describe(place, id),
    files: (id, entries, scratch) => readFiles(place, id, entries, scratch),
    versions: (task) => versions(place, task),
    promoted: async (task) => (await readPointer(folder, task)).serving ?? undefined,
    promote: (id) => promote(place, id),
    rollback: (task, to) => rollback(place, task, to),
    demote: (task, why, only) => demote(place, task, { why, only }),
    movedAt: async (task) => (await readPointer(folder, task)).movedAt || undefined,
    demotion: (task) => demotion(place, task),
    watch: (onChange) => watchPointers(folder, onChange),
  }
}

interface Publication extends PublishOptions {
  readonly task: Task
  readonly artefact: Artefact
  readonly card: (id: SpecialistId) => Json
}

async function publish(place: Place, publication: Publication): Promise<Manifest> {
  const { task, artefact, before } = publication
  assert(artefact.taskKind === task.kind, `an artefact for ${artefact.taskKind} was published for ${task.id}`)
  await sweepTemporary(place.placing.temporaryFolder, place.clock.nowMs())
  const files: Record<string, FileEntry> = {}
  for (const [name, data] of artefact.files) files[name] = await writeBlob(place.folder, data, place.placing)
  const version = await reserveVersion(place, task.id)
  const path = manifestPath(place.folder, task.id, version)
  try {
    const id = specialistId(task.id, version)
    const manifest: Manifest = {
      format: 1,
      id,
      task,
      tier: artefact.tier,
      files,
      meta: artefact.meta,
      ...(before && before.length > 0 && { before }),
      card: publication.card(id),
      createdAt: new Date(place.clock.nowMs()).toISOString(),
    }
    await placeFile(path, manifestText(manifest), place.placing)
    return manifest
  } catch (cause) {
    await rm(dirname(path), { recursive: true, force: true })
    throw cause
  }
}

/** Takes the next number by making its folder, which only one process can; the version is not there before its manifest. */
async function reserveVersion(place: Place, task: TaskId): Promise<number> {
  const folder = versionsFolder(place.folder, task)
  await makeVersionsFolder(folder)
  const numbers = (await namesIn(folder)).map(Number).filter(Number.isInteger)
  for (let version = Math.max(0, ...numbers) + 1; ; version++) {
    try {
      await mkdir(dirname(manifestPath(place.folder, task, version)), { mode: 0o700 })
      return version
    } catch (cause) {
      if (errorCodeOf(cause) !== 'EEXIST') throw spaceError(folder, cause)
    }
  }
}

async function makeVersionsFolder(folder: string): Promise<void> {
  try {
    await makeSyncedFolder(folder)
  } catch (cause) {
    throw spaceError(folder, cause)
  }
}

async function load(place: Place, id: SpecialistId): Promise<LoadedSpecialist> {
  const described = await describe(place, id)
  return { ...described, files: await readFiles(place, id, described.manifest.files) }
}

/** Checks every digest of a version and of those before it. */
async function loadWhole(place: Place, id: SpecialistId): Promise<void> {
  const { manifest } = await load(place, id)
  await checkBefore(manifest, (before) => load(place, before))
}

async function describe(
  place: Place,
  id: SpecialistId,
): Promise<Pick<LoadedSpecialist, 'manifest' | 'digest'>> {
  const manifest = await readManifest(place, id)
  const { tier, meta, files } = manifest
  return { manifest, digest: specialistDigest({ tier, taskKind: manifest.task.kind, files, meta }) }
}

async function readFiles(
  place: Place,
  id: SpecialistId,
  entries: Manifest['files'],
  scratch?: Scratch,
): Promise<LoadedSpecialist['files']> {
  const files = new Map<string, Uint8Array>()
  for (const [name, entry] of Object.entries(entries))
    files.set(name, await readBlob(place.folder, entry, { id, name }, scratch))
  return files
}

async function readManifest(place: Place, id: SpecialistId): Promise<Manifest> {
  const { task, version } = parseSpecialistId(id)
  const path = manifestPath(place.folder, task, version)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCodeOf(cause) !== 'ENOENT') throw cause
    throw appError('registry.version-unknown', { id, task, versions: await versionList(place, task) }, cause)
  }
  const manifest = parseManifest(path, text)
  if (manifest.id === id) return manifest
  throw appError('registry.manifest-invalid', {
    file: path,
    problem: `it is of ${manifest.id}, expected ${id}`,
  })
}

/** Versions that have a manifest, oldest first. */
async function versions(place: Place, task: TaskId): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await namesIn(versionsFolder(place.folder, task))) {
    if (!/^[1-9][0-9]*$/.test(name)) continue
    const contents = await namesIn(dirname(manifestPath(place.folder, task, Number(name))))
    if (contents.includes('manifest.json')) found.push(Number(name))
  }
  return found.sort((a, b) => a - b)
}

async function versionList(place: Place, task: TaskId): Promise<string> {
  const found = await versions(place, task)
  return found.length === 0 ? 'none' : found.join(', ')
}

async function promote(place: Place, id: SpecialistId): Promise<void> {
  await loadWhole(place, id)
  const { task } = parseSpecialistId(id)
  const to = promotedPointer
  await movePointer(place.folder, task, { to: (old) => to(old, id, now(place)), placing: place.placing })
}

async function demote(
  place: Place,
  task: TaskId,
  { why, only }: { readonly why: string; readonly only: SpecialistId | undefined },
): Promise<void> {
  const to = (old: Pointer): Pointer =>
    only === undefined || old.serving === only ? demotedPointer(old, why, now(place)) : old
  await movePointer(place.folder, task, { to, placing: place.placing })
}

async function demotion(place: Place, task: TaskId): ReturnType<Registry['demotion']> {
  const { demoted, movedAt } = await readPointer(place.folder, task)
  return demoted && { ...demoted, at: movedAt }
}

async function rollback(
  place: Place,
  task: TaskId,
  to: SpecialistId | undefined,
): Promise<SpecialistId | undefined> {
  const target = to ?? (await readPointer(place.folder, task)).before.at(-1)
  if (target === undefined) throw await nothingBefore(place, task)
  if (target !== null) await loadWhole(place, target)
  const moved = await movePointer(place.folder, task, {
    to: (old) => {
      if (to) return rolledBackTo(old, to, now(place))
      return old.before.at(-1) === target ? rolledBackPointer(old, now(place))! : old
    },
    placing: place.placing,
  })
  // Another process moved it between the check of the version and the lock.
  if (moved.serving !== target) return rollback(place, task, to)
  return moved.serving ?? undefined
}

async function nothingBefore(place: Place, task: TaskId): Promise<Error> {
  const { serving } = await readPointer(place.folder, task)
  return appError('registry.nothing-before', {
    task,
    serving: serving ?? 'the upstream',
    versions: await versionList(place, task),
  })
}

function now(place: Place): string {
  return new Date(place.clock.nowMs()).toISOString()
}
