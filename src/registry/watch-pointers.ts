/** Notices moved pointers, by whichever process: the system's notices where they come, a look twice a second where not. */
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { errorCodeOf } from '../base/files.ts'
import type { SpecialistId, TaskId } from '../base/ids.ts'
import { taskId } from '../base/ids.ts'
import { servingFolder } from './layout.ts'
import { parsePointer, type Serving } from './pointer.ts'

const lookEveryMs = 400

/** Calls back for every task whose pointer moved since the call; returns the function that stops it. */
export function watchPointers(
  folder: string,
  onChange: (task: TaskId, serving: SpecialistId | undefined) => void,
): () => void {
  const known = readAll(folder)
  let watcher: FSWatcher | undefined
  let stopped = false
  const look = (): void => {
    if (stopped) return
    watcher ??= noticesOf(servingFolder(folder), look, () => {
      watcher = undefined
    })
    for (const [task, serving] of readAll(folder)) {
      if ((known.get(task) ?? null) === serving) continue
      known.set(task, serving)
      onChange(task, serving ?? undefined)
      if (stopped) return
    }
  }
  const timer = setInterval(look, lookEveryMs)
  timer.unref()
  watcher = noticesOf(servingFolder(folder), look, () => {
    watcher = undefined
  })
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

/** What every task's pointer says; one that cannot be read is left out, so that what serves goes on serving. */
function readAll(folder: string): Map<TaskId, Serving> {
  const all = new Map<TaskId, Serving>()
  for (const name of namesNow(servingFolder(folder))) {
    if (!name.endsWith('.json')) continue
    const path = join(servingFolder(folder), name)
    try {
      all.set(taskId(name.slice(0, -'.json'.length)), parsePointer(path, readFileSync(path, 'utf8')).serving)
    } catch {
      // `promoted` and `promote` tell whoever asks; a watcher has nobody to tell.
    }
  }
  return all
}

function namesNow(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return []
    throw cause
  }
}
