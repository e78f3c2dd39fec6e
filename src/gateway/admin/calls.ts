/** Kept calls: look at them and correct them. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appError } from '../../base/errors.ts'
import { type CallId, taskId } from '../../base/ids.ts'
import { correctCalls } from '../../pipeline/correct.ts'
import type { Call } from '../../wire/call.ts'
import type { AdminContext } from './admin-context.ts'
import { call, callName, callQuery, commonErrors, corrected, correction } from './schemas.ts'

const tags = ['calls']
const byCall = z.object({ call: callName })

/** The routes, under `/admin`. */
export function callRoutes({ store, clock }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/calls',
      {
        schema: {
          tags,
          summary: 'Kept calls in order of time',
          querystring: callQuery,
          response: { 200: z.object({ calls: z.array(call) }), ...commonErrors },
        },
      },
      async ({ query }) => {
        const calls: z.infer<typeof call>[] = []
        for await (const one of store.calls.iterate({
          limit: query.limit,
          ...(query.task !== undefined && { task: taskId(query.task) }),
          ...(query.since !== undefined && { sinceMs: Date.parse(query.since) }),
        }))
          calls.push(describeCall(one, { text: query.text === 'true' }))
        return { calls }
      },
    )
    app.get(
      '/calls/:call',
      {
        schema: {
          tags,
          summary: 'One call with its texts',
          params: byCall,
          response: { 200: call, ...commonErrors },
        },
      },
      async ({ params }) => {
        const one = await store.calls.get(params.call as CallId)
        if (!one) throw appError('call.unknown', { call: params.call })
        return describeCall(one, { text: true })
      },
    )
    app.post(
      '/calls/:call/correction',
      {
        schema: {
          tags,
          summary: 'Keeps the right answer of a call',
          description:
            "A person's answer outweighs the upstream's in training, and counts in the specialist's test.",
          params: byCall,
          body: correction,
          response: { 200: corrected, ...commonErrors },
        },
      },
      async ({ params, body }) => {
        const request = { call: params.call as CallId, output: body.output }
        const [done] = await correctCalls(store, [request], clock)
        return { ...done! }
      },
    )
  }
}

function describeCall(one: Call, { text }: { readonly text: boolean }): z.infer<typeof call> {
  const { usage } = one
  return {
    id: one.id,
    at: new Date(one.atMs).toISOString(),
    path: one.path,
    ...(one.task !== undefined && { task: one.task }),
    ...(one.model !== undefined && { model: one.model }),
    ...(one.upstream !== undefined && { upstream: one.upstream }),
    servedBy: one.servedBy,
    reason: one.reason,
    ...(one.confidence !== undefined && { confidence: one.confidence }),
    streaming: one.streaming,
    status: one.status,
    latencyMs: one.latencyMs,
    ...(usage && { promptTokens: usage.promptTokens, completionTokens: usage.completionTokens }),
    ...(one.auditOf !== undefined && { auditOf: one.auditOf }),
    ...(one.error !== undefined && { error: one.error }),
    ...(text && one.request !== undefined && { request: one.request }),
    ...(text && one.response !== undefined && { response: one.response }),
  }
}
