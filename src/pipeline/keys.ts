/** Keys that clients and administrators show: made, listed and revoked; only a key's digest is ever kept. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import { type Sha256, sha256 } from '../base/hash.ts'
import type { TaskId } from '../base/ids.ts'
import type { KeyRecord, Store } from '../trace/store.ts'

/** What every key of Shoal begins with, so that scanners for secrets find one and no upstream is ever sent one. */
export const keyPrefix = 'shoal_'

export interface KeyRequest {
  readonly name: string
  readonly scope: KeyRecord['scope']
  readonly tasks?: readonly TaskId[]
  readonly callsPerMinute?: number
  readonly usdPerMonth?: number
}

/** A key as it is shown once, at its making. */
export interface MadeKey {
  readonly record: KeyRecord
  /** 256 random bits behind {@link keyPrefix}. */
  readonly secret: string
}

/** Makes a key; its secret is in the result and nowhere else. */
export async function makeKey(
  store: Pick<Store, 'keys'>,
  request: KeyRequest,
  clock: Clock,
): Promise<MadeKey> {
  const secret = keyPrefix + randomBytes(32).toString('base64url')
  const record: KeyRecord = {
    ...request,
    id: randomBytes(4).toString('hex'),
    digest: keyDigest(secret),
    createdMs: clock.nowMs(),
  }
  await store.keys.put(record)
  return { record, secret }
}

/** Revokes a key for good; running gateways refuse it within a second. Throws `key.unknown`. */
export async function revokeKey(store: Pick<Store, 'keys'>, id: string, clock: Clock): Promise<KeyRecord> {
  const keys = await store.keys.list()
  const known = keys.find((key) => key.id === id)
  if (!known) {
    const ids = keys.filter((key) => key.revokedMs === undefined).map((key) => `${key.id} (${key.name})`)
    throw appError('key.unknown', { id, known: ids.join(', ') || 'none' })
  }
  const revoked = { ...known, revokedMs: known.revokedMs ?? clock.nowMs() }
  await store.keys.put(revoked)
  return revoked
}

/** Digest under which a key is kept. Keys are random and long: they need no salt and no slow hash. */
export function keyDigest(secret: string): Sha256 {
  return sha256(secret)
}
