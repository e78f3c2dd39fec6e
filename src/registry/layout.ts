/**
 * Where things lie in a registry's folder:
 * `blobs/ab/abcd…` the files by SHA-256, `specialists/TASK/N/manifest.json` the versions, `serving/TASK.json` the pointers.
 */
import { join } from 'node:path'
import type { Sha256 } from '../base/hash.ts'
import type { TaskId } from '../base/ids.ts'

/** The file of a digest. */
export function blobPath(folder: string, digest: Sha256): string {
  return join(folder, 'blobs', digest.slice(0, 2), digest)
}

/** The folder of all versions of a task. */
export function versionsFolder(folder: string, task: TaskId): string {
  return join(folder, 'specialists', task)
}

/** The manifest of one version; a version is there when this file is. */
export function manifestPath(folder: string, task: TaskId, version: number): string {
  return join(versionsFolder(folder, task), String(version), 'manifest.json')
}

/** The folder of all pointers. */
export function servingFolder(folder: string): string {
  return join(folder, 'serving')
}

/** The pointer of a task to the version that serves. */
export function servingPath(folder: string, task: TaskId): string {
  return join(servingFolder(folder), `${task}.json`)
}

/** Files that are being written, before they are renamed to their place. */
export function temporaryFolder(folder: string): string {
  return join(folder, 'tmp')
}
