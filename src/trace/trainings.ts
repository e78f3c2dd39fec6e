/** What training runs cost, on any database that Kysely speaks to. */
import type { TaskId } from '../base/ids.ts'
import type { StoreQueries } from './schema.ts'
import type { TrainingCost } from './store.ts'

/** Adds a training run. */
export async function putTraining(queries: StoreQueries, cost: TrainingCost): Promise<void> {
  await queries
    .insertInto('trainings')
    .values({
      specialist: cost.specialist,
      task: cost.task,
      at_ms: cost.atMs,
      wall_ms: cost.wallMs,
      cpu_ms: cost.cpuMs,
      energy_joules: cost.energyJoules,
      energy_is: cost.energyIs,
    })
    .execute()
}

/** The training runs of a task, or all, in the order in which they ended. */
export async function listTrainings(
  queries: StoreQueries,
  task: TaskId | undefined,
): Promise<readonly TrainingCost[]> {
  const all = queries.selectFrom('trainings').selectAll().orderBy('seq')
  const rows = await (task === undefined ? all : all.where('task', '=', task)).execute()
  return rows.map((row) => ({
    specialist: row.specialist,
    task: row.task,
    atMs: row.at_ms,
    wallMs: row.wall_ms,
    cpuMs: row.cpu_ms,
    energyJoules: row.energy_joules,
    energyIs: row.energy_is,
  }))
}
