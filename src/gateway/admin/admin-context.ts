/** What the admin API works on. */
import type { Clock } from '../../base/clock.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Store } from '../../trace/store.ts'
import type { Keyring } from '../access/keyring.ts'
import type { Audits } from '../audits/audits.ts'

export interface AdminContext {
  readonly store: Store
  readonly registry: Registry
  /** Told of a change of keys, so that it counts at once. */
  readonly keyring: Keyring
  readonly clock: Clock
  /** What this gateway knows of its audits. */
  readonly audits?: Pick<Audits, 'figures'>
  /** Version of Shoal, for the OpenAPI document. */
  readonly version: string
}
