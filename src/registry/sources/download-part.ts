/**
 * Downloads that broke off, as files whose names hold all that is needed to carry on:
 * `KEY.ETAG.OWNER.part`, where OWNER is the process that writes it, or 0. A rename takes one over, so that no two do.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCodeOf } from '../../base/files.ts'
import { sha256 } from '../../base/hash.ts'
import { isProcessAlive } from '../../base/process-alive.ts'

export interface Part {
  readonly path: string
  readonly key: string
  /** The strong validator of what its bytes are the beginning of; absent where nothing is known of them. */
  readonly etag?: string
}

/** A name may have 255 bytes. */
const longestEtag = 150

/** Takes over what is there of an address, or begins anew with an empty file. */
export async function claimPart(folder: string, url: URL): Promise<Part> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const key = sha256(`${url.origin}${url.pathname}`).slice(0, 24)
  for (const name of await readdir(folder)) {
    const [itsKey, etag = '', owner = ''] = name.split('.')
    if (itsKey !== key || !name.endsWith('.part') || isProcessAlive(Number.parseInt(owner, 10))) continue
    const claimed = partOf(
      folder,
      key,
      etag === '' ? undefined : Buffer.from(etag, 'base64url').toString('latin1'),
    )
    if (await movedTo(join(folder, name), claimed.path)) return claimed
  }
  return freshPart(folder, key)
}

/** An empty part. */
export async function freshPart(folder: string, key: string, etag?: string): Promise<Part> {
  const part = partOf(folder, key, etag)
  await (await open(part.path, 'wx', 0o600)).close()
  return part
}

/** Leaves a part for the next attempt, of whichever process; one that could not be carried on is removed. */
export async function releasePart(folder: string, part: Part): Promise<void> {
  if (part.etag === undefined) await rm(part.path, { force: true })
  else await movedTo(part.path, join(folder, nameOf(part.key, part.etag, '0')))
}

function partOf(folder: string, key: string, etag: string | undefined): Part {
  const known = etag !== undefined && etag.length <= longestEtag ? etag : undefined
  const owner = `${process.pid}-${randomBytes(4).toString('hex')}`
  const path = join(folder, nameOf(key, known, owner))
  return { path, key, ...(known !== undefined && { etag: known }) }
}

function nameOf(key: string, etag: string | undefined, owner: string): string {
  return [key, Buffer.from(etag ?? '', 'latin1').toString('base64url'), owner, 'part'].join('.')
}

async function movedTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return false
    throw cause
  }
}
