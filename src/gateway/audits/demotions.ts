/** Why tasks have no specialist: sentences about those that were demoted and not replaced since. */
import type { TaskId } from '../../base/ids.ts'
import type { Log } from '../../base/log.ts'
import type { Registry } from '../../registry/registry.ts'
import type { TaskBook } from '../../route/recognise.ts'

export interface Demotions {
  readonly sentences: readonly string[]
  /** Reads whether a task's last move was a demotion; never rejects. */
  note(task: TaskId): Promise<void>
  /** The same of all tasks that nothing serves. */
  noteIdle(book: TaskBook): Promise<void>
}

export interface DemotionsOptions {
  readonly registry: Pick<Registry, 'demotion'>
  readonly log: Log
}

/** None is known yet. */
export function demotions({ registry, log }: DemotionsOptions): Demotions {
  const sentences = new Map<TaskId, string>()
  const note = async (task: TaskId): Promise<void> => {
    try {
      const demotion = await registry.demotion(task)
      if (demotion)
        sentences.set(
          task,
          `${demotion.was} was demoted at ${demotion.at}: ${demotion.why}. Its calls go upstream; train again with \`shoal train ${task}\`, or let it serve all the same with \`shoal promote\`.`,
        )
      else sentences.delete(task)
    } catch (cause) {
      log.error({ task, err: cause }, 'it could not be read whether a task was demoted')
    }
  }
  return {
    get sentences() {
      return [...sentences.values()]
    },
    note,
    noteIdle: async (book) => {
      const idle = book.ids.filter((id) => book.get(id)?.specialists.length === 0)
      await Promise.all(idle.map(note))
    },
  }
}
