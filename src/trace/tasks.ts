/** Tasks as JSON, on any database that Kysely speaks to. */
import { sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import type { TaskId } from '../base/ids.ts'
import type { Task } from '../task/types.ts'
import type { StoreQueries } from './schema.ts'

/** The task of a name, if there is one. */
export async function getTask(queries: StoreQueries, id: TaskId): Promise<Task | undefined> {
  const row = await queries.selectFrom('tasks').select('body').where('id', '=', id).executeTakeFirst()
  return row && taskOf(row.body)
}

/** All tasks, by name. */
export async function listTasks(queries: StoreQueries): Promise<readonly Task[]> {
  const rows = await queries.selectFrom('tasks').select('body').orderBy('id').execute()
  return rows.map((row) => taskOf(row.body))
}

/** Another text after any task was written or removed, also by a clock that was set back. */
export async function tasksStamp(queries: StoreQueries): Promise<string> {
  const row = await queries
    .selectFrom('tasks')
    .select(({ fn }) => [
      fn.countAll<number>().as('count'),
      sql<string>`cast(sum(updated_ms) as text)`.as('sum'),
    ])
    .executeTakeFirstOrThrow()
  return `${row.count}:${row.sum}`
}

/** Writes a task over the one of the same name. */
export async function putTask(queries: StoreQueries, task: Task, clock: Clock): Promise<void> {
  const row = { id: task.id, body: JSON.stringify(task), updated_ms: clock.nowMs() }
  await queries
    .insertInto('tasks')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        body: row.body,
        updated_ms: sql`case when ${row.updated_ms} > tasks.updated_ms then ${row.updated_ms} else tasks.updated_ms + 1 end`,
      }),
    )
    .execute()
}

/** A body that {@link putTask} wrote; nobody else writes to the table. */
function taskOf(body: string): Task {
  return JSON.parse(body)
}
