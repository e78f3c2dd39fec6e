/** Keys: listed without their secrets, made, and revoked at once. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { taskId } from '../../base/ids.ts'
import { makeKey, revokeKey } from '../../pipeline/keys.ts'
import type { KeyRecord } from '../../trace/store.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, key, keyRequest, madeKey } from './schemas.ts'

const tags = ['keys']

/** The routes, under `/admin`. */
export function keyRoutes({ store, keyring, clock }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/keys',
      {
        schema: {
          tags,
          summary: 'All keys, revoked ones too',
          response: { 200: z.object({ keys: z.array(key) }), ...commonErrors },
        },
      },
      async () => ({ keys: (await store.keys.list()).map(describeKey) }),
    )
    app.post(
      '/keys',
      {
        schema: {
          tags,
          summary: 'Makes a key',
          description: 'Once there is a key of a scope, every request of that scope must show one.',
          body: keyRequest,
          response: { 201: madeKey, ...commonErrors },
        },
      },
      async ({ body }, reply) => {
        const { tasks, callsPerMinute, usdPerMonth } = body
        const made = await makeKey(
          store,
          {
            name: body.name,
            scope: body.scope,
            ...(tasks && { tasks: tasks.map((name) => taskId(name)) }),
            ...(callsPerMinute !== undefined && { callsPerMinute }),
            ...(usdPerMonth !== undefined && { usdPerMonth }),
          },
          clock,
        )
        await keyring.refresh()
        return reply.status(201).send({ ...describeKey(made.record), secret: made.secret })
      },
    )
    app.delete(
      '/keys/:key',
      {
        schema: {
          tags,
          summary: 'Revokes a key; calls under way with it are cut off',
          params: z.object({ key: z.string().min(1).max(64) }),
          response: { 200: key, ...commonErrors },
        },
      },
      async ({ params }) => {
        const revoked = await revokeKey(store, params.key, clock)
        await keyring.refresh()
        return describeKey(revoked)
      },
    )
  }
}

function describeKey(record: KeyRecord): z.infer<typeof key> {
  const { id, name, scope, tasks, callsPerMinute, usdPerMonth, createdMs, revokedMs } = record
  return {
    id,
    name,
    scope,
    ...(tasks && { tasks: [...tasks] }),
    ...(callsPerMinute !== undefined && { callsPerMinute }),
    ...(usdPerMonth !== undefined && { usdPerMonth }),
    createdAt: new Date(createdMs).toISOString(),
    ...(revokedMs !== undefined && { revokedAt: new Date(revokedMs).toISOString() }),
  }
}
