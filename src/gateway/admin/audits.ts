/** What audits have shown of the specialist that serves a task, as this gateway stands with it now. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { taskId } from '../../base/ids.ts'
import type { WatchedFigures } from '../audits/watch.ts'
import type { AdminContext } from './admin-context.ts'
import { auditFigures, commonErrors, taskName } from './schemas.ts'

const tags = ['specialists']

/** The routes, under `/admin`. */
export function auditRoutes({ registry, audits }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/tasks/:task/audits',
      {
        schema: {
          tags,
          summary: 'What checking local answers with the upstream has shown',
          description:
            'Since the specialist that serves was promoted, with the share that this gateway audits now.',
          params: z.object({ task: taskName }),
          response: { 200: auditFigures, ...commonErrors },
        },
      },
      async ({ params }) => {
        const serves = await registry.promoted(taskId(params.task))
        const figures = serves && audits?.figures(serves)
        return { task: params.task, ...(serves && { serves }), ...(figures && { audits: shown(figures) }) }
      },
    )
  }
}

function shown({ lately: _, hasLeft: __, drift, ...figures }: WatchedFigures) {
  return { ...figures, drifting: [...(drift?.drifting ?? [])] }
}
