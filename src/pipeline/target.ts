/** What `eval` and `predict` are asked of: a task's serving specialist, or a version of it. */
import { appError } from '../base/errors.ts'
import { parseSpecialistId, type SpecialistId, specialistId, taskId } from '../base/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { Task } from '../task/types.ts'
import type { Tier } from '../tier/tier.ts'
import { type CalibratedPredictor, calibratedPredictor } from '../trust/calibrated-predictor.ts'
import { type Card, parseCard } from '../trust/card.ts'

export interface Target {
  readonly id: SpecialistId
  readonly task: Task
  readonly card: Card
  readonly predictor: CalibratedPredictor
}

/** Loads `TASK@VERSION`, or the version of `TASK` that serves, or its newest where none does. */
export async function openTarget(
  text: string,
  options: { readonly registry: Registry; readonly tiers: readonly Tier[] },
): Promise<Target> {
  const id = await resolveTarget(text, options.registry)
  const { manifest, files } = await options.registry.load(id)
  const tier = options.tiers.find((one) => one.kind === manifest.tier)
  if (!tier) throw appError('gateway.tier-missing', { specialist: id, tier: manifest.tier })
  const card = parseCard(manifest.card, id)
  const raw = await tier.load({ taskKind: manifest.task.kind, files, meta: manifest.meta })
  return { id, task: manifest.task, card, predictor: calibratedPredictor(raw, card.calibration) }
}

async function resolveTarget(text: string, registry: Registry): Promise<SpecialistId> {
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
