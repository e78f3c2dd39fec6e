/** Calls removed for good: one, those of a task, those of an end user. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type CallId, taskId } from '../../base/ids.ts'
import { forget } from '../../pipeline/forget.ts'
import { endUserDigest } from '../../trace/end-user.ts'
import type { Removal } from '../../trace/store.ts'
import type { AdminContext } from './admin-context.ts'
import { callName, commonErrors, removal, removed } from './schemas.ts'

const tags = ['calls']

/** The routes, under `/admin`. */
export function forgetRoutes({ store, registry }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.delete(
      '/calls/:call',
      {
        schema: {
          tags,
          summary: 'Removes a call for good',
          params: z.object({ call: callName }),
          response: { 200: removed, ...commonErrors },
        },
      },
      async ({ params }) => {
        const done = await forget({ store, registry }, { call: params.call as CallId })
        if (done.calls === 0) throw appError('call.unknown', { call: params.call })
        return { ...done, specialists: [...done.specialists] }
      },
    )
    app.post(
      '/forget',
      {
        schema: {
          tags,
          summary: 'Removes the calls of a task, of an end user, or both, for good',
          body: removal,
          response: { 200: removed, ...commonErrors },
        },
      },
      async ({ body }) => {
        const which: Removal = {
          ...(body.task !== undefined && { task: taskId(body.task) }),
          ...(body.user !== undefined && { endUser: endUserDigest(body.user) }),
          ...(body.call !== undefined && { call: body.call as CallId }),
        }
        const done = await forget({ store, registry }, which)
        return { ...done, specialists: [...done.specialists] }
      },
    )
  }
}
