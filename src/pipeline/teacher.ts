/** A published specialist as the teacher of a smaller one: how likely it takes each label to be, and which rows it was made from. */
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { ExampleId } from '../base/ids.ts'
import type { WorkOptions } from '../base/progress.ts'
import { partNames, type SplitParts } from '../data/splits.ts'
import type { Manifest, Registry, SpecialistReference } from '../registry/registry.ts'
import type { Distribution, Prediction } from '../task/predictor.ts'
import type { Task, TaskInput } from '../task/types.ts'
import {
  describeTarget,
  openRecipe,
  type Recipe,
  resolveTarget,
  rowRecordFolder,
  type TargetOptions,
} from './target.ts'

export interface Teacher {
  readonly reference: SpecialistReference
  readonly task: Task
  /** In which part of its own training each row stood. */
  readonly parts: SplitParts
  /** What it says of each input; rejects with `cancelled` when the signal fires. */
  ask(inputs: readonly TaskInput[], options?: WorkOptions): Promise<readonly Prediction[]>
}

const askBatch = 256

/** Finds `TASK@VERSION` and the record of its rows; its weights are loaded when it is asked. Throws what the registry throws. */
export async function findTeacher(text: string, options: TargetOptions): Promise<Teacher> {
  const { registry } = options
  const id = await resolveTarget(text, registry)
  const { digest, task, stages } = await describeTarget(id, options)
  const { manifest } = await registry.describe(id)
  const recipes = stages.map(({ recipe }) => recipe)
  return {
    reference: { id, digest },
    task,
    parts: await readParts(registry, manifest),
    ask: (inputs, work) => askLast(needed(recipes), inputs, { ...options, ...work }),
  }
}

/** Of a cascade its last specialist, with those before it where it counts what they say. */
function needed(recipes: readonly Recipe[]): readonly Recipe[] {
  return recipes.at(-1)!.stacking ? recipes : recipes.slice(-1)
}

async function askLast(
  recipes: readonly Recipe[],
  inputs: readonly TaskInput[],
  { signal, progress, ...options }: TargetOptions & WorkOptions,
): Promise<readonly Prediction[]> {
  let earlier: readonly (Distribution | undefined)[] | undefined
  let said: readonly Prediction[] = []
  for (const [stage, recipe] of recipes.entries()) {
    const predictor = await openRecipe(recipe, options)
    const predictions: Prediction[] = []
    try {
      for (let at = 0; at < inputs.length; at += askBatch) {
        throwIfCancelled(signal, 'asking the teacher')
        const asked = {
          ...(signal && { signal }),
          ...(earlier && { earlier: earlier.slice(at, at + askBatch) }),
        }
        predictions.push(...(await predictor.predict(inputs.slice(at, at + askBatch), asked)))
        const done = stage * inputs.length + predictions.length
        progress?.({ stage: 'asking the teacher', done, total: recipes.length * inputs.length })
      }
    } finally {
      await predictor.dispose()
    }
    earlier = predictions.map(({ distribution }) => distribution)
    said = predictions
  }
  return said
}

async function readParts(registry: Registry, { id, files }: Manifest): Promise<SplitParts> {
  const parts = new Map<ExampleId, (typeof partNames)[number]>()
  for (const part of partNames) {
    const name = `${rowRecordFolder}${part}.txt`
    const entry = files[name]
    if (entry === undefined) throw appError('train.teacher-unfit', recordless(id))
    const bytes = (await registry.files(id, { [name]: entry })).get(name)
    for (const row of Buffer.from(bytes ?? [])
      .toString('utf8')
      .split('\n'))
      if (row !== '') parts.set(row as ExampleId, part)
  }
  return parts
}

function recordless(id: Manifest['id']) {
  return {
    teacher: id,
    task: id.slice(0, id.indexOf('@')),
    problem: 'it does not say which rows it was trained on',
  }
}
