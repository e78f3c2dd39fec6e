/** Loads a published specialist: for the gateway to serve, for `eval` and `predict` to ask. */
import { type AppError, appError } from '../base/errors.ts'
import type { Sha256 } from '../base/hash.ts'
import { parseSpecialistId, type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import type { Scratch } from '../base/scratch.ts'
import type { Manifest, Registry } from '../registry/registry.ts'
import { checkBefore } from '../registry/stages.ts'
import type { Task } from '../task/types.ts'
import { maskingVersion } from '../text/masking.ts'
import { type Stacking, stackedPredictor, stackingSchema } from '../tier/stacking.ts'
import type { Tier, TierKind } from '../tier/tier.ts'
import { type CalibratedPredictor, calibratedPredictor } from '../trust/calibrated-predictor.ts'
import type { Calibration } from '../trust/calibration.ts'
import { type Card, parseCard } from '../trust/card.ts'
import { cascadePredictor, type OpenedStage } from '../trust/cascade-predictor.ts'
import { stageGate } from '../trust/certificate.ts'
import type { Typical } from '../trust/drift.ts'
import { isValidFor, templateDigest } from '../trust/validity.ts'
import { writablePredictor } from '../trust/writable-predictor.ts'

/** Files of a version under this name say which rows it was made from; nobody needs them to answer. */
export const rowRecordFolder = 'rows/'
/** What is kept under this name beside the tier's own description says how a version counts what the one before it says. */
export const stackingName = 'stacking'

/** What a predictor is loaded from; all that must be held of a version whose weights are not in memory. */
export interface Recipe extends Pick<Manifest, 'id' | 'tier' | 'meta' | 'files'> {
  readonly taskKind: Task['kind']
  readonly rendering: Task['rendering']
  readonly calibration: Calibration
  /** Of a later specialist of a cascade: how what the one before it says counts. */
  readonly stacking?: Stacking
}

/** A specialist of a version without its weights: the version itself, or one that is asked before it. */
export interface DescribedStage {
  readonly id: SpecialistId
  readonly tier: TierKind
  readonly digest: Sha256
  readonly recipe: Recipe
  /** What it says of the inputs that it is asked. */
  readonly typical?: Typical
}

/** What is known of a version without its weights. */
export interface DescribedTarget {
  readonly id: SpecialistId
  readonly tier: TierKind
  readonly digest: Sha256
  /** The task as it was when the specialist was trained. */
  readonly task: Task
  readonly card: Card
  /** In the order in which they are asked; the last is the version itself, and without a cascade the only one. */
  readonly stages: readonly DescribedStage[]
  /** Why its certificate does not hold for what is loaded; it then may answer nothing. */
  readonly why?: string
}

export interface Target extends DescribedTarget {
  readonly predictor: CalibratedPredictor
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
export async function loadTarget(id: SpecialistId, options: TargetOptions): Promise<Target> {
  const described = await describeTarget(id, options)
  const opened: OpenedStage[] = []
  for (const { id: stage, recipe } of described.stages)
    opened.push({
      gate: stageGate(described.card.certificate, stage),
      predictor: await openRecipe(recipe, options),
    })
  return { ...described, predictor: cascadePredictor(opened) }
}

/** Reads what is known of a version and of those before it; their files are left where they are. */
export async function describeTarget(
  id: SpecialistId,
  { registry, tiers }: TargetOptions,
): Promise<DescribedTarget> {
  const described = await registry.describe(id)
  const { task, tier } = described.manifest
  const before = await checkBefore(described.manifest, (stage) => registry.describe(stage))
  const stages = [...before, described].map(({ manifest, digest }) => describeStage(manifest, digest, tiers))
  const card = parseCard(described.manifest.card, id)
  const why = whyVoid(card, { task, stages })
  return { id, tier, digest: described.digest, task, card, stages, ...(why !== undefined && { why }) }
}

function describeStage(
  { id, tier, meta, task, card, files: all }: Manifest,
  digest: Sha256,
  tiers: readonly Tier[],
): DescribedStage {
  if (!tiers.some((one) => one.kind === tier)) throw tierMissing(id, tier)
  const { calibration, typical } = parseCard(card, id)
  const files = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith(rowRecordFolder)))
  const { kind: taskKind, rendering } = task
  const { [stackingName]: said, ...own } = meta
  const stacking = said === undefined ? {} : { stacking: stackingSchema.parse(said) }
  const recipe = { id, tier, meta: own, files, taskKind, rendering, calibration, ...stacking }
  return { id, tier, digest, recipe, ...(typical && { typical }) }
}

/** Loads the weights, by way of scratch memory where it is given; a file whose digest does not match is an error. */
export async function openRecipe(
  { id, tier, taskKind, rendering, meta, files, calibration, stacking }: Recipe,
  { registry, tiers }: TargetOptions,
  scratch?: Scratch,
): Promise<CalibratedPredictor> {
  const loader = tiers.find((one) => one.kind === tier)
  if (!loader) throw tierMissing(id, tier)
  const raw = await loader.load({ taskKind, files: await registry.files(id, files, scratch), meta })
  const told = stacking ? stackedPredictor(raw, stacking) : raw
  return calibratedPredictor(writablePredictor(told, rendering), calibration)
}

function tierMissing(specialist: SpecialistId, tier: TierKind): AppError {
  return appError('gateway.tier-missing', { specialist, tier })
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
function whyVoid(card: Card, { task, stages }: Pick<Target, 'task' | 'stages'>): string | undefined {
  const { upstream } = card.certificate.holdsFor
  const { template } = task
  const validity = isValidFor(card.certificate, {
    specialists: stages.map(({ id, digest }) => ({ id, digest })),
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
