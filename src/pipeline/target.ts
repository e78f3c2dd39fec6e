/** Loads a published specialist: for the gateway to serve, for `eval` and `predict` to ask. */
import { appError } from '../base/errors.ts'
import type { Sha256 } from '../base/hash.ts'
import { parseSpecialistId, type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import { maskingVersion } from '../text/masking.ts'
import type { Tier, TierKind } from '../tier/tier.ts'
import { type CalibratedPredictor, calibratedPredictor } from '../trust/calibrated-predictor.ts'
import { type Card, parseCard } from '../trust/card.ts'
import { isValidFor, templateDigest } from '../trust/validity.ts'

export interface Target {
  readonly id: SpecialistId
  readonly tier: TierKind
  readonly digest: Sha256
  /** The task as it was when the specialist was trained. */
  readonly task: Task
  readonly card: Card
  readonly predictor: CalibratedPredictor
  /** Why its certificate does not hold for what is loaded; it then may answer nothing. */
  readonly why?: string
}

export interface TargetOptions {
  readonly registry: Registry
  readonly tiers: readonly Tier[]
}

/** Loads `TASK@VERSION`, or the version of `TASK` that serves, or its newest where none does. */
export async function openTarget(text: string, options: TargetOptions): Promise<Target> {
  return loadTarget(await resolveTarget(text, options.registry), options)
}

/** Loads a version; a digest that does not match, an unreadable card or a tier that is not there is an error. */
export async function loadTarget(id: SpecialistId, { registry, tiers }: TargetOptions): Promise<Target> {
  const { manifest, digest, files } = await registry.load(id)
  const { task, meta } = manifest
  const tier = tiers.find((one) => one.kind === manifest.tier)
  if (!tier) throw appError('gateway.tier-missing', { specialist: id, tier: manifest.tier })
  const card = parseCard(manifest.card, id)
  const raw = await tier.load({ taskKind: task.kind, files, meta })
  const why = whyVoid(card, { id, task, digest })
  return {
    id,
    tier: manifest.tier,
    digest,
    task,
    card,
    predictor: calibratedPredictor(raw, card.calibration),
    ...(why !== undefined && { why }),
  }
}

/** From which confidence a target may answer; nothing passes where its certificate grants nothing or does not hold. */
export function gateOf({ card, why }: Target): {
  readonly threshold?: number
  readonly noveltyLimit: number
} {
  const { threshold, noveltyLimit } = card.certificate
  return { noveltyLimit, ...(threshold !== undefined && why === undefined && { threshold }) }
}

/** The upstream's model is compared call by call: here only what is loaded. */
function whyVoid(
  card: Card,
  { id, task, digest }: Pick<Target, 'id' | 'task' | 'digest'>,
): string | undefined {
  const { upstream } = card.certificate.holdsFor
  const { template } = task
  const validity = isValidFor(card.certificate, {
    specialists: [{ id, digest }],
    ...(template && { template: templateDigest(template) }),
    maskingVersion,
    ...(upstream !== undefined && { upstream }),
  })
  return validity.valid ? undefined : validity.why
}

/** The version that a name means; throws `registry.no-versions`. */
export async function resolveTarget(text: string, registry: Registry): Promise<SpecialistId> {
  if (text.includes('@')) {
    const { task, version } = parseSpecialistId(text)
    return specialistId(task, version)
  }
  const task = taskId(text)
  const serving = await registry.promoted(task)
  if (serving !== undefined) return serving
  const newest = (await registry.versions(task)).at(-1)
  if (newest === undefined) throw appError('registry.no-versions', { task })
  return specialistId(task, newest)
}
