/** A published specialist in the form in which the cascade asks it; its weights come when they are needed. */
import type { SpecialistId } from '../base/ids.ts'
import { describeTarget, openRecipe, type TargetOptions } from '../pipeline/target.ts'
import type { ServedSpecialist } from '../route/specialist.ts'
import type { Task } from '../task/types.ts'
import type { ShelfSource, SpecialistShelf } from './specialist-shelf.ts'

/** A specialist, and the task as it was when the specialist was trained. */
export interface Loaded {
  readonly task: Task
  readonly specialist: ServedSpecialist
  /** Bytes of its files, about what its weights take in memory. */
  readonly sizeBytes: number
  /** Loads its weights now; rejects where that fails. */
  load(): Promise<void>
  /** Why its certificate does not hold for what is loaded; it then answers nothing. */
  readonly why?: string
}

export interface LoadOptions extends TargetOptions {
  readonly shelf: SpecialistShelf
  /** A load of the weights ended: with what failed, or with nothing. */
  readonly onLoaded: (cause?: unknown) => void
}

/** Reads what is known of a version and puts it on the shelf; throws what {@link describeTarget} throws. */
export async function loadSpecialist(id: SpecialistId, options: LoadOptions): Promise<Loaded> {
  const { registry, tiers, shelf, onLoaded } = options
  const { tier, digest, task, card, recipe, why } = await describeTarget(id, { registry, tiers })
  const sizeBytes = Object.values(recipe.files).reduce((sum, file) => sum + file.sizeBytes, 0)
  const open: ShelfSource['open'] = (scratch) => openRecipe(recipe, { registry, tiers }, scratch)
  const shelved = shelf.add(id, { sizeBytes, open, onLoaded })
  const specialist: ServedSpecialist = {
    id,
    tier,
    digest,
    servedBy: `${id} (${tier})`,
    predictor: shelved.predictor,
    certificate: card.certificate,
    ...(card.typical && { typical: card.typical }),
    isVoid: why !== undefined,
  }
  return { task, specialist, sizeBytes, load: shelved.load, ...(why !== undefined && { why }) }
}
