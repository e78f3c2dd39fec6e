/** Tasks: look at them, pause, resume and set them. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type ModelName, taskId } from '../../base/ids.ts'
import type { Registry } from '../../registry/registry.ts'
import type { Task } from '../../task/types.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, task, taskChange, taskName } from './schemas.ts'

const tags = ['tasks']
const byTask = z.object({ task: taskName })

/** The routes, under `/admin`. */
export function taskRoutes({ store, registry }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/tasks',
      {
        schema: {
          tags,
          summary: 'All tasks',
          response: { 200: z.object({ tasks: z.array(task) }), ...commonErrors },
        },
      },
      async () => {
        const tasks = await store.tasks.list()
        return { tasks: await Promise.all(tasks.map((one) => describeTask(registry, one))) }
      },
    )
    app.get(
      '/tasks/:task',
      { schema: { tags, summary: 'One task', params: byTask, response: { 200: task, ...commonErrors } } },
      async ({ params }) => describeTask(registry, await knownTask(store, params.task)),
    )
    app.patch(
      '/tasks/:task',
      {
        schema: {
          tags,
          summary: 'Pauses, resumes or sets a task',
          description: 'Running gateways follow within a second.',
          params: byTask,
          body: taskChange,
          response: { 200: task, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const known = await knownTask(store, params.task)
        const changed: Task = {
          ...known,
          risk: { risk: body.risk ?? known.risk.risk, delta: body.delta ?? known.risk.delta },
          paused: body.paused ?? known.paused,
          ...(body.upstream !== undefined && { upstream: body.upstream as ModelName }),
        }
        await store.tasks.put(changed)
        return describeTask(registry, changed)
      },
    )
  }
}

async function knownTask(store: AdminContext['store'], name: string): Promise<Task> {
  const known = await store.tasks.get(taskId(name))
  if (known) return known
  throw appError('task.unknown', { task: name, hint: 'GET /admin/tasks lists those that are.' })
}

async function describeTask(registry: Registry, one: Task): Promise<z.infer<typeof task>> {
  const [serves, versions, demotion] = await Promise.all([
    registry.promoted(one.id),
    registry.versions(one.id),
    registry.demotion(one.id),
  ])
  return {
    id: one.id,
    kind: one.kind,
    ...(one.space.kind === 'labels' && { labels: [...one.space.labels] }),
    risk: one.risk.risk,
    delta: one.risk.delta,
    promise: one.promise ?? 'answers',
    ...(one.upstream !== undefined && { upstream: one.upstream }),
    masked: one.masked,
    paused: one.paused,
    ...(serves !== undefined && { serves }),
    versions: [...versions],
    ...(demotion && { demotion: { was: demotion.was, why: demotion.why, at: demotion.at } }),
  }
}
