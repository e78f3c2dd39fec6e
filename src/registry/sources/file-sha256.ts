/** The digest of a file that is too large for memory. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { assert, throwIfCancelled } from '../../base/errors.ts'
import { isSha256, type Sha256 } from '../../base/hash.ts'
import type { WorkOptions } from '../../base/progress.ts'

/** SHA-256 of a file. */
export async function fileSha256(path: string, options: WorkOptions = {}): Promise<Sha256> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    throwIfCancelled(options.signal, 'checking files')
    hash.update(chunk)
  }
  const digest = hash.digest('hex')
  assert(isSha256(digest), 'a SHA-256 is not 64 hexadecimal digits')
  return digest
}
