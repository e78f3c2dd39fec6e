/** A published version in the form in which the cascade asks it; its weights come when they are needed. */
import type { SpecialistId } from '../base/ids.ts'
import {
  type DescribedStage,
  type DescribedTarget,
  describeTarget,
  openRecipe,
  type TargetOptions,
} from '../pipeline/target.ts'
import type { ServedSpecialist } from '../route/specialist.ts'
import type { Task } from '../task/types.ts'
import { stageGate } from '../trust/certificate.ts'
import { signature } from '../trust/signature.ts'
import type { ShelfSource, Shelved, SpecialistShelf } from './specialist-shelf.ts'

/** A version, and the task as it was when it was trained. */
export interface Loaded {
  readonly id: SpecialistId
  readonly task: Task
  /** In the order in which they are asked: the versions before it in a cascade, and itself. */
  readonly specialists: readonly ServedSpecialist[]
  /** Bytes of all their files, about what the weights take in memory. */
  readonly sizeBytes: number
  /** Loads the weights now; rejects where that fails. */
  load(): Promise<void>
  /** Lets go of the weights. */
  dispose(): Promise<void>
  /** Why its certificate does not hold for what is loaded; it then answers nothing. */
  readonly why?: string
}

export interface LoadOptions extends TargetOptions {
  readonly shelf: SpecialistShelf
  /** A load of the weights ended: with what failed, or with nothing. */
  readonly onLoaded: (cause?: unknown) => void
}

/** Reads what is known of a version and puts its specialists on the shelf; throws what {@link describeTarget} throws. */
export async function loadSpecialist(id: SpecialistId, options: LoadOptions): Promise<Loaded> {
  const { registry, tiers } = options
  const target = await describeTarget(id, { registry, tiers })
  const placed = target.stages.map((stage) => ({ stage, shelved: place(stage, options) }))
  const { task, why } = target
  return {
    id,
    task,
    specialists: placed.map(({ stage, shelved }) => servedStage(target, stage, shelved)),
    sizeBytes: target.stages.reduce((sum, stage) => sum + sizeOf(stage), 0),
    load: async () => {
      for (const { shelved } of placed) await shelved.load()
    },
    dispose: async () => {
      for (const { shelved } of placed) await shelved.predictor.dispose()
    },
    ...(why !== undefined && { why }),
  }
}

function place({ id, recipe, ...stage }: DescribedStage, options: LoadOptions): Shelved {
  const { registry, tiers, shelf, onLoaded } = options
  const open: ShelfSource['open'] = (scratch) => openRecipe(recipe, { registry, tiers }, scratch)
  return shelf.add(id, { sizeBytes: sizeOf({ id, recipe, ...stage }), open, onLoaded })
}

function sizeOf({ recipe }: DescribedStage): number {
  return Object.values(recipe.files).reduce((sum, file) => sum + file.sizeBytes, 0)
}

function servedStage(
  { id: certifiedAs, card, why }: DescribedTarget,
  { id, tier, digest, typical }: DescribedStage,
  { predictor }: Shelved,
): ServedSpecialist {
  const { certificate } = card
  return {
    ...{ id, certifiedAs, tier, digest, predictor, certificate },
    gate: stageGate(certificate, id),
    servedBy: signature({ id, certifiedAs, tier }),
    ...(typical && { typical }),
    isVoid: why !== undefined,
  }
}
