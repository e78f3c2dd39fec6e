/** What `shoal.yaml` says of tasks, put over what the store says of those that are known. */
import { isDeepStrictEqual } from 'node:util'
import type { ModelName } from '../base/ids.ts'
import type { Task } from '../task/types.ts'
import type { Store } from '../trace/store.ts'
import type { TaskSettings } from './configuration/tasks.ts'

/** Writes the settings into the store's tasks where they say something else; a task that is not known yet gets them when it is trained. */
export async function applyTaskSettings(
  store: Pick<Store, 'tasks'>,
  settings: { readonly [task: string]: TaskSettings },
): Promise<void> {
  for (const task of await store.tasks.list()) {
    const said = settings[task.id]
    const changed = said && withSettings(task, said)
    if (changed && !isDeepStrictEqual(changed, task)) await store.tasks.put(changed)
  }
}

function withSettings(task: Task, { risk, delta, upstream, paused }: TaskSettings): Task {
  return {
    ...task,
    risk: { risk: risk ?? task.risk.risk, delta: delta ?? task.risk.delta },
    ...(upstream !== undefined && { upstream: upstream as ModelName }),
    ...(paused !== undefined && { paused }),
  }
}
