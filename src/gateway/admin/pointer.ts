/** The pointer of a task, which says which version serves: moved forward and back. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { specialistId, taskId } from '../../base/ids.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, serving, taskName, versionNumber } from './schemas.ts'

const tags = ['specialists']
const byTask = z.object({ task: taskName })
const versionBody = z.strictObject({ version: versionNumber.optional() })

/** The routes, under `/admin`. */
export function pointerRoutes({ registry }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      '/tasks/:task/promote',
      {
        schema: {
          tags,
          summary: 'Lets a version serve; the newest where none is named',
          params: byTask,
          body: versionBody,
          response: { 200: serving, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const id = taskId(params.task)
        const version = body.version ?? (await registry.versions(id)).at(-1)
        if (version === undefined) throw appError('registry.no-versions', { task: id })
        await registry.promote(specialistId(id, version))
        return { task: id, serves: specialistId(id, version) }
      },
    )
    app.post(
      '/tasks/:task/rollback',
      {
        schema: {
          tags,
          summary: 'Lets the version before serve again, or the one named',
          params: byTask,
          body: versionBody,
          response: { 200: serving, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const id = taskId(params.task)
        const to = body.version === undefined ? undefined : specialistId(id, body.version)
        return { task: id, serves: (await registry.rollback(id, to)) ?? null }
      },
    )
  }
}
