/** The keys that are valid at this moment: follows the store while the gateway runs, and cuts off what a revoked key is doing. */
import { setMaxListeners } from 'node:events'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Log } from '../../base/log.ts'
import { keyDigest } from '../../pipeline/keys.ts'
import type { KeyRecord, Store } from '../../trace/store.ts'
import { MinuteWindow } from './minute-window.ts'
import { Spending, type SpentBetween } from './spending.ts'

/** A valid key, and what is known of its use. */
export interface HeldKey {
  readonly record: KeyRecord
  /** Calls of the last minute. */
  readonly window: MinuteWindow
  /** Fires when the key is revoked. */
  readonly revoked: AbortSignal
  /** US dollars that were spent with it this month, as the ledger said last. */
  spentUsd: number
}

export interface Keyring {
  /** The key of a secret; `undefined` for one that is not known or was revoked. */
  find(secret: string): HeldKey | undefined
  /**
   * True once a key of this sort was ever made: from then on such a key must be shown, also when all are revoked.
   * Administration is closed by any key: it could make keys without limits.
   */
  isRequired(scope: KeyRecord['scope']): boolean
  /** Reads the store now, as after a change by this process. */
  refresh(): Promise<void>
  close(): Promise<void>
}

interface Held extends HeldKey {
  readonly revoking: AbortController
  readonly spending: Spending
}

const lookEveryMs = 500
/** Sums of the ledger are read less often than keys. */
const looksPerSum = 4
/** Secrets whose digest is remembered, so that not every call hashes. */
const mostSecrets = 10_000

/** Reads the keys and begins to follow them; throws what the store throws. */
export async function openKeyring(options: {
  readonly store: Pick<Store, 'keys' | 'ledger'>
  readonly log: Log
  readonly nowMs: () => number
}): Promise<Keyring> {
  const following = new Following(options)
  await following.read()
  // One after the other: a list that was read before a key was revoked must not be taken over after it.
  let looking: Promise<void> = Promise.resolve()
  const refresh = (): Promise<void> => {
    const read = looking.then(() => following.read())
    looking = read.catch(() => undefined)
    return read
  }
  const lookAgain = async (): Promise<void> => {
    try {
      await refresh()
    } catch (cause) {
      options.log.error({ err: cause }, 'the keys could not be read; those known before stay valid')
    }
  }
  const timer = setInterval(() => void lookAgain(), lookEveryMs)
  timer.unref()
  return {
    find: (secret) => following.find(secret),
    isRequired: (scope) =>
      following.everMade.has(scope) || (scope === 'admin' && following.everMade.size > 0),
    refresh,
    close: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

class Following {
  readonly everMade = new Set<KeyRecord['scope']>()
  readonly #options: Parameters<typeof openKeyring>[0]
  readonly #byDigest = new Map<string, Held>()
  readonly #bySecret = new Map<string, Held>()
  #looks = 0

  constructor(options: Parameters<typeof openKeyring>[0]) {
    this.#options = options
  }

  find(secret: string): Held | undefined {
    const known = this.#bySecret.get(secret)
    if (known) return known
    const held = this.#byDigest.get(keyDigest(secret))
    if (!held) return undefined
    if (this.#bySecret.size >= mostSecrets) this.#bySecret.clear()
    this.#bySecret.set(secret, held)
    return held
  }

  async read(): Promise<void> {
    const records = await this.#options.store.keys.list()
    const valid = new Map(
      records.filter((key) => key.revokedMs === undefined).map((key) => [key.digest, key]),
    )
    for (const { scope } of records) this.everMade.add(scope)
    for (const [digest, held] of this.#byDigest) if (!valid.has(held.record.digest)) this.#drop(digest, held)
    for (const [digest, record] of valid)
      if (!this.#byDigest.has(digest)) this.#byDigest.set(digest, hold(record))
    if (this.#looks++ % looksPerSum === 0) await this.#sum()
  }

  #drop(digest: string, held: Held): void {
    this.#byDigest.delete(digest)
    this.#bySecret.clear()
    held.revoking.abort()
  }

  /** What each limited key has spent since the month began, UTC; calls are answered between two of them. */
  async #sum(): Promise<void> {
    const { store, nowMs } = this.#options
    for (const held of this.#byDigest.values()) {
      if (held.record.usdPerMonth === undefined) continue
      const { id } = held.record
      const spent: SpentBetween = (sinceMs, untilMs) => store.ledger.spentUsd(id, sinceMs, untilMs)
      held.spentUsd = await held.spending.sum(spent, nowMs())
      await othersTurn()
    }
  }
}

function hold(record: KeyRecord): Held {
  const revoking = new AbortController()
  // A listener for each call that is under way.
  setMaxListeners(0, revoking.signal)
  return {
    record,
    window: new MinuteWindow(),
    revoking,
    revoked: revoking.signal,
    spentUsd: 0,
    spending: new Spending(),
  }
}
