/** How local answers are signed: in the header `x-shoal-served-by`, with the kept calls and in the ledger. */
import { parseSpecialistId, type SpecialistId, specialistId } from '../base/ids.ts'
import type { TierKind } from '../tier/tier.ts'

export interface Signing {
  readonly id: SpecialistId
  /** The version under whose certificate it answers. */
  readonly certifiedAs: SpecialistId
  readonly tier: TierKind
}

/** `TASK@VERSION (tier)`; of a specialist that answers under another's certificate `TASK@VERSION via TASK@OWN (tier)`. */
export function signature({ id, certifiedAs, tier }: Signing): string {
  return id === certifiedAs ? `${id} (${tier})` : `${certifiedAs} via ${id} (${tier})`
}

/** The version whose promise an answer was given under, out of its signature; `undefined` of the upstream's answers. */
export function certifiedBy(servedBy: string): SpecialistId | undefined {
  const name = /^(\S+@[1-9][0-9]*)(?: via \S+)? \(/.exec(servedBy)?.[1]
  if (name === undefined) return undefined
  const { task, version } = parseSpecialistId(name)
  return specialistId(task, version)
}
