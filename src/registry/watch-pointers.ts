/**
 * Notices moved pointers, by whichever process: the system's notices where they come, a look twice a second where not.
 * Pointers are moved by renaming, which changes their folder: while that stands still no look costs more than one stat,
 * however many tasks there are.
 */
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import { errorCodeOf } from '../base/files.ts'
import type { SpecialistId, TaskId } from '../base/ids.ts'
import { taskId } from '../base/ids.ts'
import { servingFolder } from './layout.ts'
import { parsePointer, type Serving } from './pointer.ts'

const lookEveryMs = 400
/** Changes nearer to one another than a file system's clock ticks may bear the same time. */
const clockTickMs = 2000

/** What a watch knows of a folder of pointers. */
interface Known {
  readonly folder: string
  readonly serving: Map<TaskId, Serving>
  /** When each file was changed and which it is, by name, so that only those that changed are read. */
  readonly stamps: Map<string, string>
  /** The folder's own, as of the last look; absent where it was too young to tell later changes apart. */
  folderStamp: string | undefined
}

/** Calls back for every task whose pointer moved since the call; returns the function that stops it. */
export function watchPointers(
  folder: string,
  onChange: (task: TaskId, serving: SpecialistId | undefined) => void,
): () => void {
  const known: Known = {
    folder: servingFolder(folder),
    serving: new Map(),
    stamps: new Map(),
    folderStamp: undefined,
  }
  let watcher: FSWatcher | undefined
  let stopped = false
  const look = (): void => {
    for (const { task, serving } of readMoved(known)) {
      if (stopped) return
      onChange(task, serving ?? undefined)
    }
  }
  const listen = (): FSWatcher | undefined =>
    noticesOf(known.folder, look, () => {
      watcher = undefined
    })
  readMoved(known)
  const timer = setInterval(() => {
    watcher ??= listen()
    if (known.folderStamp === undefined || known.folderStamp !== stampOf(known.folder)) look()
  }, lookEveryMs)
  timer.unref()
  watcher = listen()
  return () => {
    stopped = true
    clearInterval(timer)
    watcher?.close()
  }
}

/** The system's notices of a folder; absent where it has none (no such folder yet, or no watches left). */
function noticesOf(folder: string, onNotice: () => void, onEnd: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onNotice)
    watcher.on('error', () => {
      watcher.close()
      onEnd()
    })
    return watcher
  } catch {
    return undefined // Looking twice a second does without.
  }
}

interface Moved {
  readonly task: TaskId
  readonly serving: Serving
}

/** Reads the pointers that changed; one that cannot be read is left out, so that what serves goes on serving. */
function readMoved(known: Known): readonly Moved[] {
  const { folder, serving, stamps } = known
  const moved: Moved[] = []
  known.folderStamp = settledStamp(folder)
  for (const name of namesNow(folder)) {
    if (!name.endsWith('.json')) continue
    const path = join(folder, name)
    const stamp = stampOf(path)
    if (stamp === undefined || stamps.get(name) === stamp) continue
    try {
      const task = taskId(name.slice(0, -'.json'.length))
      const now = parsePointer(path, readFileSync(path, 'utf8')).serving
      stamps.set(name, stamp)
      if ((serving.get(task) ?? null) !== now) moved.push({ task, serving: now })
      serving.set(task, now)
    } catch {
      // `promoted` and `promote` tell whoever asks; a watcher has nobody to tell.
    }
  }
  return moved
}

/** What changes with every change; absent where there is nothing. */
function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found && `${found.mtimeNs} ${found.ctimeNs} ${found.ino} ${found.size}`
}

/** The same, but only where a later change would be told from the last one by its time. */
function settledStamp(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && Date.now() - found.mtimeMs > clockTickMs ? stampOf(path) : undefined
}

function namesNow(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return []
    throw cause
  }
}
