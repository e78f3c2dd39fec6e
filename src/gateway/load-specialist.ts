/** Loads a published specialist so that it can serve: files checked by the registry, card read, scores calibrated. */
import { appError } from '../base/errors.ts'
import type { Sha256 } from '../base/hash.ts'
import type { SpecialistId } from '../base/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { ServedSpecialist } from '../route/specialist.ts'
import type { Task } from '../task/types.ts'
import { maskingVersion } from '../text/masking.ts'
import type { Tier } from '../tier/tier.ts'
import { calibratedPredictor } from '../trust/calibrated-predictor.ts'
import { type Card, parseCard } from '../trust/card.ts'
import { isValidFor, templateDigest } from '../trust/validity.ts'

/** A specialist, and the task as it was when the specialist was trained. */
export interface Loaded {
  readonly task: Task
  readonly specialist: ServedSpecialist
  /** Why its certificate does not hold for what is loaded; it then answers nothing. */
  readonly why?: string
}

/** Loads a version; a digest that does not match, an unreadable card or a tier that is not there is an error. */
export async function loadSpecialist(
  id: SpecialistId,
  options: { readonly registry: Registry; readonly tiers: readonly Tier[] },
): Promise<Loaded> {
  const { manifest, digest, files } = await options.registry.load(id)
  const { task, meta } = manifest
  const tier = options.tiers.find((one) => one.kind === manifest.tier)
  if (!tier) throw appError('gateway.tier-missing', { specialist: id, tier: manifest.tier })
  const card = parseCard(manifest.card, id)
  const raw = await tier.load({ taskKind: task.kind, files, meta })
  const why = whyVoid(card, { id, task, digest })
  const specialist: ServedSpecialist = {
    id,
    tier: manifest.tier,
    digest,
    servedBy: `${id} (${manifest.tier})`,
    predictor: calibratedPredictor(raw, card.calibration),
    certificate: card.certificate,
    isVoid: why !== undefined,
  }
  return { task, specialist, ...(why !== undefined && { why }) }
}

/** The upstream's model is compared call by call: here only what is loaded. */
function whyVoid(
  card: Card,
  loaded: {
    readonly id: SpecialistId
    readonly task: Task
    readonly digest: Sha256
  },
): string | undefined {
  const { upstream } = card.certificate.holdsFor
  const { template } = loaded.task
  const validity = isValidFor(card.certificate, {
    specialists: [{ id: loaded.id, digest: loaded.digest }],
    ...(template && { template: templateDigest(template) }),
    maskingVersion,
    ...(upstream !== undefined && { upstream }),
  })
  return validity.valid ? undefined : validity.why
}
