/** Files that are there whole or not at all. */
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { appError } from './errors.ts'

/** What a file is written from; parts are written one after another, without being joined in memory. */
export type FileContent = Uint8Array | string | readonly Uint8Array[]

/** Writes a file so that a crash leaves the old one or the new one: write beside it, fsync, rename, fsync the folder. */
export async function writeFileAtomic(path: string, data: FileContent): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    const file = await open(temporary, 'wx')
    try {
      const parts = Array.isArray(data) ? data : [data]
      for (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (cause) {
    await rm(temporary, { force: true })
    throw isNoSpace(cause) ? appError('disk.full', { file: path }, cause) : cause
  }
}

/** Makes a rename or a new name in a folder survive a power cut; Windows has no such call for folders and refuses it. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** True for the errors by which a system says that a disk or a quota is full. */
export function isNoSpace(cause: unknown): boolean {
  const code = errorCodeOf(cause)
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** The system's code of an error (`ENOENT`, …) where it has one. */
export function errorCodeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}
