/** Files by their SHA-256, checked whenever they are read. */
import { type FileHandle, open, readFile, utimes } from 'node:fs/promises'
import { appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import { type Sha256, sha256, sha256OffThread } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Scratch } from '../base/scratch.ts'
import { type Placing, placeFile } from './disk.ts'
import { blobPath } from './layout.ts'

export interface FileEntry {
  readonly sha256: Sha256
  readonly sizeBytes: number
}

/** Bytes that are hashed in under a millisecond: less than handing them to another thread and collecting the copy costs. */
const hashedAtOnce = 2 ** 20

/** Stores bytes under their digest, unless a sound copy is there; a damaged one is replaced. */
export async function writeBlob(folder: string, data: Uint8Array, placing: Placing): Promise<FileEntry> {
  const digest = sha256(data)
  const path = blobPath(folder, digest)
  const present = await readIfThere(path)
  if (present && sha256(present) === digest) await utimes(path, new Date(), new Date())
  else await placeFile(path, data, placing)
  return { sha256: digest, sizeBytes: data.byteLength }
}

/** Reads a specialist's file and checks its digest; throws `registry.file-missing` or `registry.digest-mismatch`. */
export async function readBlob(
  folder: string,
  entry: FileEntry,
  of: { readonly id: SpecialistId; readonly name: string },
  scratch?: Scratch,
): Promise<Uint8Array> {
  const path = blobPath(folder, entry.sha256)
  const file = `${of.name} of ${of.id} (${path})`
  const data = (scratch && (await readInto(path, entry.sizeBytes, scratch))) ?? (await readIfThere(path))
  if (!data) throw appError('registry.file-missing', { file, problem: 'no such file', id: of.id })
  const got = data.length > hashedAtOnce ? await sha256OffThread(data) : sha256(data)
  if (got !== entry.sha256) throw appError('registry.digest-mismatch', { file, got, expected: entry.sha256 })
  return data
}

/** The bytes of a file of a known size, in scratch memory; nothing where the file is not there or of another size. */
async function readInto(path: string, sizeBytes: number, scratch: Scratch): Promise<Uint8Array | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
  try {
    if ((await handle.stat()).size !== sizeBytes) return undefined
    const data = scratch.take(sizeBytes)
    for (let at = 0; at < sizeBytes; ) {
      const { bytesRead } = await handle.read(data, at, sizeBytes - at, at)
      if (bytesRead === 0) return undefined
      at += bytesRead
    }
    return data
  } finally {
    await handle.close()
  }
}

/** The bytes of a file, if there is one. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
}
