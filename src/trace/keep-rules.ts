/** How long calls are kept and how large the store may grow, and the removal of what is beyond that. */
import type { Removed, Store } from './store.ts'

export interface KeepRules {
  /** Calls that are older go. */
  readonly ageMs?: number
  /** When the store is larger, the oldest calls go. */
  readonly sizeBytes?: number
}

/** Removes what the rules do not keep, in small transactions; says how much that was. */
export async function applyKeepRules(
  store: Pick<Store, 'upkeep'>,
  rules: KeepRules,
  nowMs: number,
): Promise<Removed> {
  const { ageMs, sizeBytes } = rules
  const nothing: Removed = { calls: 0, examples: 0, corrections: 0 }
  const old = ageMs === undefined ? nothing : await store.upkeep.remove({ beforeMs: nowMs - ageMs })
  const over = sizeBytes === undefined ? nothing : await store.upkeep.shrinkTo(sizeBytes)
  return { calls: old.calls + over.calls, examples: 0, corrections: old.corrections + over.corrections }
}
