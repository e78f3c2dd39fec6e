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

/** A version, and the rows that the concerned calls may have given to its training. */
interface Version {
  readonly manifest: Manifest
  readonly inputs: Set<ExampleId>
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
  const versions = await concernedVersions(store, registry, which)
  // Calls by the million do not fit in memory: of each, only the names of the rows that it gave are held.
  for await (const call of callsOf(store, which)) noteInputs(call, versions)
  const used: SpecialistId[] = []
  for (const { manifest, inputs } of versions)
    if (inputs.size > 0 && rowsHold(await rowRecord(registry, manifest), inputs)) used.push(manifest.id)
  return used
}

/** All versions of the tasks that the calls were of. */
async function concernedVersions(
  store: Store,
  registry: Registry,
  which: Removal,
): Promise<readonly Version[]> {
  const tasks = new Set<TaskId>()
  for await (const { task } of callsOf(store, which)) if (task !== undefined) tasks.add(task)
  const versions: Version[] = []
  for (const task of tasks)
    for (const id of await versionsOf(registry, task))
      versions.push({ manifest: (await registry.describe(id)).manifest, inputs: new Set() })
  return versions
}

async function versionsOf(registry: Registry, task: TaskId): Promise<readonly SpecialistId[]> {
  return (await registry.versions(task)).map((version) => specialistId(task, version))
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

/** Notes the rows that a call gave to each version's training, by the template that it was trained with. */
function noteInputs(call: Call, versions: readonly Version[]): void {
  const prompt = keptPrompt(call)
  if (!prompt) return
  for (const { manifest, inputs } of versions) {
    const { task } = manifest
    const found = task.template && matchTemplate(task.template, prompt)
    if (found) inputs.add(exampleId(inputOf(task, found.slots)))
  }
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
