/** A published specialist in the form in which the cascade asks it. */
import type { SpecialistId } from '../base/ids.ts'
import { loadTarget, type TargetOptions } from '../pipeline/target.ts'
import type { ServedSpecialist } from '../route/specialist.ts'
import type { Task } from '../task/types.ts'

/** A specialist, and the task as it was when the specialist was trained. */
export interface Loaded {
  readonly task: Task
  readonly specialist: ServedSpecialist
  /** Why its certificate does not hold for what is loaded; it then answers nothing. */
  readonly why?: string
}

/** Loads a version so that it can serve; throws what {@link loadTarget} throws. */
export async function loadSpecialist(id: SpecialistId, options: TargetOptions): Promise<Loaded> {
  const { tier, digest, task, card, predictor, why } = await loadTarget(id, options)
  const specialist: ServedSpecialist = {
    id,
    tier,
    digest,
    servedBy: `${id} (${tier})`,
    predictor,
    certificate: card.certificate,
    ...(card.typical && { typical: card.typical }),
    isVoid: why !== undefined,
  }
  return { task, specialist, ...(why !== undefined && { why }) }
}
