/** SHA-256 digests as branded lower-case hex. */
import { createHash, webcrypto } from 'node:crypto'

export type Sha256 = string & { readonly brand: 'Sha256' }

/** Digest of bytes or of a text's UTF-8. */
export function sha256(data: Uint8Array | string): Sha256 {
  return createHash('sha256').update(data).digest('hex') as Sha256
}

/** The same, computed while this thread does something else. */
export async function sha256OffThread(data: Uint8Array): Promise<Sha256> {
  const digest = await webcrypto.subtle.digest('SHA-256', data)
  return Buffer.from(digest).toString('hex') as Sha256
}

/** True for 64 lower-case hex digits. */
export function isSha256(text: string): text is Sha256 {
  return /^[0-9a-f]{64}$/.test(text)
}
