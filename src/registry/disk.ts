/** The only ways in which the registry changes its disk: a file is written whole, synced, renamed, and its folder synced. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { appError } from '../base/errors.ts'
import { errorCodeOf, isNoSpace, syncFolder } from '../base/files.ts'

/** Writes bytes to a new file and syncs it; a test may give one that fails. */
export type WriteNewFile = (path: string, data: Uint8Array | string) => Promise<void>

/** A temporary file that nobody touched for so long was left by a process that is gone. */
const abandonedMs = 60 * 60 * 1000

/** Writes a new file and waits until its bytes would survive a power cut. */
export async function writeNewFile(path: string, data: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
}

export interface Placing {
  readonly temporaryFolder: string
  readonly write: WriteNewFile
}

/** Puts a file in its place, whole or not at all; a full disk is `disk.full` and leaves nothing behind. */
export async function placeFile(path: string, data: Uint8Array | string, placing: Placing): Promise<void> {
  const temporary = join(placing.temporaryFolder, `${randomBytes(8).toString('hex')}.tmp`)
  try {
    await mkdir(placing.temporaryFolder, { recursive: true, mode: 0o700 })
    await makeSyncedFolder(dirname(path))
    await placing.write(temporary, data)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw spaceError(path, cause)
  }
}

/** `disk.full` for what a full disk throws, anything else as it is. */
export function spaceError(file: string, cause: unknown): unknown {
  return isNoSpace(cause) ? appError('disk.full', { file }, cause) : cause
}

/** Makes a folder whose name survives a power cut. */
export async function makeSyncedFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let path = folder; ; path = dirname(path)) {
    await syncFolder(dirname(path))
    if (path === first) return
  }
}

/** Removes temporary files that a crash left. */
export async function sweepTemporary(folder: string, nowMs: number): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    const modifiedMs = await modifiedAt(path)
    if (modifiedMs !== undefined && modifiedMs < nowMs - abandonedMs) await rm(path, { force: true })
  }
}

async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}

/** Names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return []
    throw cause
  }
}
