/** The tiers that commands train with and load: what is installed here, and nothing that is not. */
import { appError } from '../base/errors.ts'
import { createNanoTier } from '../tier/nano/nano-tier.ts'
import type { Tier } from '../tier/tier.ts'

export interface Tiers {
  readonly nano: Tier
  /** Absent: its runtime or its base model is not here yet. */
  readonly micro?: Tier
}

/** Opens the tiers; none of them reads anything before it is used. */
export function openTiers(): Tiers {
  return { nano: createNanoTier() }
}

/** All of them, to load any version with. */
export function everyTier({ nano, micro }: Tiers): readonly Tier[] {
  return micro ? [nano, micro] : [nano]
}

/** A tier by its name; throws `train.tier-missing` where it is not here. */
export function tierNamed(tiers: Tiers, name: 'nano' | 'micro'): Tier {
  const tier = tiers[name]
  if (tier) return tier
  throw appError('train.tier-missing', { tier: name })
}
