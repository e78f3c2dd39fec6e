/** The pointer of a task: which version serves, and which served before, in one file that is replaced whole. */
import { open, rm, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { SpecialistId, TaskId } from '../base/ids.ts'
import { tryParseJson } from '../base/json.ts'
import { readIfThere } from './blobs.ts'
import { makeSyncedFolder, type Placing, placeFile } from './disk.ts'
import { servingFolder, servingPath } from './layout.ts'

/** A version, or `null` where everything goes upstream. */
export type Serving = SpecialistId | null

export interface Pointer {
  readonly format: 1
  readonly serving: Serving
  /** What served before, oldest first; rolling back takes the last. */
  readonly before: readonly Serving[]
  readonly movedAt: string
  /** Where the last move was a demotion: what served until then, and why it no longer does. */
  readonly demoted?: Demoted
}

export interface Demoted {
  readonly was: SpecialistId
  readonly why: string
}

const serving = z.custom<Serving>((value) => value === null || typeof value === 'string')
const schema = z.object({
  format: z.literal(1),
  serving,
  before: z.array(serving),
  movedAt: z.string(),
  demoted: z
    .object({ was: z.custom<SpecialistId>((value) => typeof value === 'string'), why: z.string() })
    .optional(),
})

/** Moves kept for rolling back. */
const longestHistory = 1000
/** A lock so old belongs to a process that was killed while it moved a pointer, which takes milliseconds. */
const abandonedLockMs = 10_000

/** The pointer of a task; where none was ever moved, nothing serves. */
export async function readPointer(folder: string, task: TaskId): Promise<Pointer> {
  const path = servingPath(folder, task)
  const bytes = await readIfThere(path)
  return bytes ? parsePointer(path, bytes.toString('utf8')) : nothingServes
}

/** Where no pointer was ever moved. */
const nothingServes: Pointer = Object.freeze({ format: 1, serving: null, before: [], movedAt: '' })

/** Reads a pointer's file; throws `registry.manifest-invalid`. */
export function parsePointer(file: string, text: string): Pointer {
  const checked = schema.safeParse(tryParseJson(text))
  if (checked.success) {
    const { demoted, ...pointer } = checked.data
    return { ...pointer, ...(demoted && { demoted }) }
  }
  throw appError('registry.manifest-invalid', { file, problem: 'it is not a pointer to a version' })
}

/** The pointer after a version was promoted; the same pointer where it serves already. */
export function promotedPointer(pointer: Pointer, id: SpecialistId, movedAt: string): Pointer {
  if (pointer.serving === id) return pointer
  const before = [...pointer.before, pointer.serving].slice(-longestHistory)
  return { format: 1, serving: id, before, movedAt }
}

/** The pointer after a demotion, after which rolling back gives what served before it was demoted; the same pointer where nothing serves. */
export function demotedPointer(pointer: Pointer, why: string, movedAt: string): Pointer {
  const { serving: was } = pointer
  if (was === null) return pointer
  return { format: 1, serving: null, before: pointer.before, movedAt, demoted: { was, why } }
}

/** The pointer after rolling back to what served before; `undefined` where nothing did. */
export function rolledBackPointer(pointer: Pointer, movedAt: string): Pointer | undefined {
  const last = pointer.before.at(-1)
  if (last === undefined) return undefined
  return { format: 1, serving: last, before: pointer.before.slice(0, -1), movedAt }
}

/** The pointer after rolling back to a named version: what was promoted after it is forgotten; a stranger is promoted. */
export function rolledBackTo(pointer: Pointer, to: SpecialistId, movedAt: string): Pointer {
  const at = pointer.before.lastIndexOf(to)
  if (at < 0) return promotedPointer(pointer, to, movedAt)
  return { format: 1, serving: to, before: pointer.before.slice(0, at), movedAt }
}

/** Reads, changes and replaces a pointer while no other process does the same. */
export async function movePointer(
  folder: string,
  task: TaskId,
  change: { readonly to: (pointer: Pointer) => Pointer; readonly placing: Placing },
): Promise<Pointer> {
  await makeSyncedFolder(servingFolder(folder))
  const lock = `${servingPath(folder, task)}.lock`
  await takeLock(lock)
  try {
    const old = await readPointer(folder, task)
    const moved = change.to(old)
    if (moved !== old)
      await placeFile(servingPath(folder, task), `${JSON.stringify(moved, undefined, 2)}\n`, change.placing)
    return moved
  } finally {
    await rm(lock, { force: true })
  }
}

async function takeLock(lock: string): Promise<void> {
  for (;;) {
    try {
      await (await open(lock, 'wx')).close()
      return
    } catch (cause) {
      if (errorCodeOf(cause) !== 'EEXIST') throw cause
    }
    // One from the future was left before the clock was set back.
    if (Math.abs(await ageMs(lock)) > abandonedLockMs) await rm(lock, { force: true })
    else await wait(10)
  }
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return 0
    throw cause
  }
}
