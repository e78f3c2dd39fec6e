/**
 * The specialists that serve: follows the registry's pointers and the store's tasks while the gateway runs.
 * What cannot be loaded is never served: it is a problem in the log, the metrics and the readiness, and what served before goes on.
 * Of each task what is known of its specialist is held; its weights are on the shelf, in memory or not.
 */
import { AppError } from '../base/errors.ts'
import type { SpecialistId, TaskId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import type { Registry } from '../registry/registry.ts'
import { type TaskBook, taskBook } from '../route/recognise.ts'
import type { Task } from '../task/types.ts'
import type { Tier } from '../tier/tier.ts'
import type { Store } from '../trace/store.ts'
import type { ServedTasks } from './context.ts'
import { type Loaded, loadSpecialist } from './load-specialist.ts'
import { createSpecialistShelf, type ShelfCounts, type SpecialistShelf } from './specialist-shelf.ts'

export interface SpecialistsOptions {
  readonly registry: Registry
  readonly store: Pick<Store, 'tasks'>
  readonly tiers: readonly Tier[]
  readonly log: Log
  /** Memory that weights may take. */
  readonly memoryBytes: number
}

export interface Specialists extends ServedTasks {
  /** Reads what is promoted and begins to follow; resolves when all that can serve does. */
  start(): Promise<void>
  /** What is in memory, and what came and went. */
  readonly counts: ShelfCounts
  /** Stops following and lets go of what was loaded. */
  close(): Promise<void>
}

/** How often the store's tasks are read again: a paused task stops within this time. */
const lookEveryMs = 1000
/** Predictions of a specialist that was replaced may still be under way for this long. */
const graceMs = 10_000
/** Weights that are loaded before the first call: those of a few specialists, so that a damaged file shows at the start. */
const loadedAtStartBytes = 16 * 2 ** 20
/** Specialists that are read at one moment. */
const mostReading = 16
/** Pointers that move at one moment make one book. */
const gatherMs = 5

interface Following {
  readonly options: SpecialistsOptions
  readonly shelf: SpecialistShelf
  readonly stored: Map<TaskId, Task>
  readonly loaded: Map<TaskId, Loaded>
  readonly problems: Map<TaskId, string>
  /** The last load of each task: loads of one task follow one another. */
  readonly loads: Map<TaskId, Promise<void>>
  /** Replaced specialists that have not been let go yet. */
  readonly leaving: Map<NodeJS.Timeout, Loaded>
  book: TaskBook
  /** Set while a book is about to be made. */
  rebuilding: NodeJS.Timeout | undefined
  /** What the store said of its tasks when they were read last. */
  storedStamp: string
  isStarting: boolean
}

/** Specialists that are not followed yet. */
export function createSpecialists(options: SpecialistsOptions): Specialists {
  const following: Following = {
    options,
    shelf: createSpecialistShelf({ limitBytes: options.memoryBytes }),
    stored: new Map(),
    loaded: new Map(),
    problems: new Map(),
    loads: new Map(),
    leaving: new Map(),
    book: taskBook([]),
    rebuilding: undefined,
    storedStamp: '',
    isStarting: true,
  }
  let stopWatching: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> = Promise.resolve()
  return {
    get book() {
      return following.book
    },
    get problems() {
      return [...following.problems.values()]
    },
    counts: following.shelf.counts,
    start: async () => {
      stopWatching = options.registry.watch((task, serving) => void follow(following, task, serving))
      await readTasks(following)
      await loadFirst(following)
      following.isStarting = false
      rebuild(following)
      timer = setInterval(() => {
        looking = looking.then(() => readTasks(following))
      }, lookEveryMs)
      timer.unref()
    },
    close: async () => {
      stopWatching?.()
      clearInterval(timer)
      clearTimeout(following.rebuilding)
      await looking
      await Promise.all(following.loads.values())
      for (const timer of following.leaving.keys()) clearTimeout(timer)
      for (const loaded of [...following.leaving.values(), ...following.loaded.values()])
        await loaded.dispose()
    },
  }
}

/** Reads the store's tasks; those that are new have their promoted specialist loaded. */
async function readTasks(following: Following): Promise<void> {
  const { options, stored } = following
  let tasks: readonly Task[]
  try {
    const stamp = await options.store.tasks.stamp()
    if (stamp === following.storedStamp) return
    tasks = await options.store.tasks.list()
    following.storedStamp = stamp
  } catch (cause) {
    options.log.error({ err: cause }, 'the tasks could not be read; those known before go on')
    return
  }
  const added = tasks.filter((task) => !stored.has(task.id))
  stored.clear()
  for (const task of tasks) stored.set(task.id, task)
  rebuild(following)
  const waiting = added.toReversed()
  const readNext = async (): Promise<void> => {
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      await loadPromoted(following, task.id)
    }
  }
  await Promise.all(Array.from({ length: mostReading }, readNext))
}

/** Loads weights as long as they are few; specialists whose weights cannot be loaded do not serve. */
async function loadFirst(following: Following): Promise<void> {
  let sizeBytes = 0
  for (const [task, { load, ...loaded }] of following.loaded) {
    sizeBytes += loaded.sizeBytes
    if (sizeBytes > Math.min(loadedAtStartBytes, following.options.memoryBytes)) return
    // What failed was noted by the shelf.
    if (!(await succeeds(load()))) following.loaded.delete(task)
  }
}

async function succeeds(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}

async function loadPromoted(following: Following, task: TaskId): Promise<void> {
  try {
    await follow(following, task, await following.options.registry.promoted(task))
  } catch (cause) {
    note(following, task, cause)
  }
}

/** Loads what a task's pointer says, after the loads of that task that are under way; never rejects. */
function follow(following: Following, task: TaskId, serving: SpecialistId | undefined): Promise<void> {
  const before = following.loads.get(task) ?? Promise.resolve()
  const load = before.then(() => replace(following, task, serving))
  following.loads.set(task, load)
  return load
}

async function replace(following: Following, task: TaskId, serving: SpecialistId | undefined): Promise<void> {
  const { options, loaded, problems } = following
  const old = loaded.get(task)
  if (old?.id === serving) return
  try {
    const next = serving === undefined ? undefined : await readSpecialist(following, task, serving)
    problems.delete(task)
    if (next?.why !== undefined) note(following, task, new Error(`${serving}: ${next.why}`))
    if (next) loaded.set(task, next)
    else loaded.delete(task)
    options.log.info({ task, serves: serving ?? null, before: old?.id ?? null }, 'a pointer moved')
    rebuildSoon(following)
    if (old) disposeLater(following, old)
  } catch (cause) {
    note(following, task, cause)
  }
}

/** Reads a specialist; one that is promoted while the gateway runs must load before it takes the place of another. */
async function readSpecialist(following: Following, task: TaskId, id: SpecialistId): Promise<Loaded> {
  const { options, shelf, problems, isStarting } = following
  const onLoaded = (cause?: unknown): void => {
    if (following.loaded.get(task)?.id !== id) return
    if (cause === undefined) problems.delete(task)
    else note(following, task, cause)
  }
  const next = await loadSpecialist(id, { ...options, shelf, onLoaded })
  if (!isStarting) await next.load()
  return next
}

function disposeLater(following: Following, old: Loaded): void {
  const timer = setTimeout(() => {
    following.leaving.delete(timer)
    old.dispose().catch((cause) => {
      following.options.log.error({ specialist: old.id, err: cause }, 'a specialist could not be let go')
    })
  }, graceMs)
  timer.unref()
  following.leaving.set(timer, old)
}

function note(following: Following, task: TaskId, cause: unknown): void {
  const sentence = cause instanceof Error ? cause.message : String(cause)
  following.problems.set(task, sentence)
  const code = cause instanceof AppError ? cause.code : undefined
  following.options.log.error({ task, code }, `a promoted specialist does not serve: ${sentence}`)
}

function rebuildSoon(following: Following): void {
  if (following.isStarting) return
  following.rebuilding ??= setTimeout(() => {
    following.rebuilding = undefined
    rebuild(following)
  }, gatherMs)
}

/** What is served: the task as the specialist was trained on it, with what people have set since. */
function rebuild(following: Following): void {
  const ids = new Set([...following.stored.keys(), ...following.loaded.keys()])
  following.book = taskBook(
    [...ids].map((id) => {
      const stored = following.stored.get(id)
      const loaded = following.loaded.get(id)
      if (!loaded) return { task: stored!, specialists: [] }
      const { paused, upstream } = stored ?? loaded.task
      const task = { ...loaded.task, paused, ...(upstream !== undefined && { upstream }) }
      return { task, specialists: loaded.specialists }
    }),
  )
}
