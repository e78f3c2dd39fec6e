/** Removes calls for good, and says which specialists were trained on them: a model may hold what its rows said. */
import { type ExampleId, type SpecialistId, specialistId, type TaskId } from '../base/ids.ts'
import { exampleId } from '../data/example-set.ts'
import type { LoadedSpecialist, Manifest, Registry } from '../registry/registry.ts'
import { inputOf, matchTemplate } from '../task/template.ts'
import type { Removal, Removed, Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { keptPrompt } from './call-texts.ts'
import { rowRecordFolder } from './target.ts'

export interface Forgotten extends Removed {
  /** Specialists that had rows of it in their training, calibration or test. */
  readonly specialists: readonly SpecialistId[]
}

/** Calls and the tasks whose specialists may have learned from them. */
interface Concerned {
  readonly calls: readonly Call[]
  readonly tasks: ReadonlySet<TaskId>
}

/** How many calls a removal concerns, before anything is removed. */
export async function countConcerned(store: Store, which: Removal): Promise<number> {
  if (which.call !== undefined) return (await store.calls.get(which.call)) ? 1 : 0
  return store.calls.count(filterOf(which))
}

/** Removes rows from the store's file and names the specialists that used them. */
export async function forget(
  { store, registry }: { readonly store: Store; readonly registry: Registry },
  which: Removal,
): Promise<Forgotten> {
  const specialists = await specialistsThatUsed(store, registry, which)
  return { ...(await store.upkeep.remove(which)), specialists }
}

async function specialistsThatUsed(
  store: Store,
  registry: Registry,
  which: Removal,
): Promise<readonly SpecialistId[]> {
  const isWholeTask = which.task !== undefined && !(which.endUser ?? which.call ?? which.beforeMs)
  if (isWholeTask) return versionsOf(registry, which.task!)
  const { calls, tasks } = await concerned(store, which)
  const used: SpecialistId[] = []
  for (const task of tasks)
    for (const id of await versionsOf(registry, task)) {
      const { manifest } = await registry.describe(id)
      const ids = inputsOf(calls, manifest)
      if (ids.size > 0 && rowsHold(await rowRecord(registry, manifest), ids)) used.push(id)
    }
  return used
}

async function versionsOf(registry: Registry, task: TaskId): Promise<readonly SpecialistId[]> {
  return (await registry.versions(task)).map((version) => specialistId(task, version))
}

async function concerned(store: Store, which: Removal): Promise<Concerned> {
  const calls: Call[] = []
  for await (const call of callsOf(store, which)) {
    // Only the prompt is needed, and many answers would not fit in memory.
    const { response: _, ...rest } = call
    calls.push(rest)
  }
  return { calls, tasks: new Set(calls.flatMap(({ task }) => task ?? [])) }
}

async function* callsOf(store: Store, which: Removal): AsyncGenerator<Call> {
  if (which.call === undefined) yield* store.calls.iterate(filterOf(which))
  else {
    const call = await store.calls.get(which.call)
    if (call) yield call
  }
}

function filterOf({ task, endUser }: Removal) {
  return { ...(task !== undefined && { task }), ...(endUser !== undefined && { endUser }) }
}

/** The rows that the calls gave to this specialist's training, by the template that it was trained with. */
function inputsOf(calls: readonly Call[], { task }: Manifest): ReadonlySet<ExampleId> {
  const { template } = task
  const ids = new Set<ExampleId>()
  if (!template) return ids
  for (const call of calls) {
    const prompt = keptPrompt(call)
    const found = prompt && matchTemplate(template, prompt)
    if (found) ids.add(exampleId(inputOf(task, found.slots)))
  }
  return ids
}

function rowRecord(registry: Registry, { id, files }: Manifest): Promise<LoadedSpecialist['files']> {
  const record = Object.entries(files).filter(([name]) => name.startsWith(rowRecordFolder))
  return registry.files(id, Object.fromEntries(record))
}

function rowsHold(files: LoadedSpecialist['files'], ids: ReadonlySet<ExampleId>): boolean {
  for (const bytes of files.values()) {
    const rows = Buffer.from(bytes).toString('utf8').split('\n')
    if (rows.some((row) => ids.has(row as ExampleId))) return true
  }
  return false
}
