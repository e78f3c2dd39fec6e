/** Sums of the ledger. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { taskId } from '../../base/ids.ts'
import type { LedgerFilter } from '../../trace/store.ts'
import type { AdminContext } from './admin-context.ts'
import { commonErrors, ledgerAnswer, ledgerQuery } from './schemas.ts'

/** The routes, under `/admin`. */
export function ledgerRoutes({ store }: AdminContext): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/ledger',
      {
        schema: {
          tags: ['ledger'],
          summary: 'What was spent and what was not, in all and by group',
          querystring: ledgerQuery,
          response: { 200: ledgerAnswer, ...commonErrors },
        },
      },
      async ({ query }) => {
        const filter: LedgerFilter = {
          ...(query.task !== undefined && { task: taskId(query.task) }),
          ...(query.since !== undefined && { sinceMs: Date.parse(query.since) }),
          ...(query.until !== undefined && { untilMs: Date.parse(query.until) }),
        }
        const totals = await store.ledger.totals(filter)
        if (query.by === undefined) return { totals }
        const groups = await store.ledger.groups(query.by, filter)
        return {
          totals,
          groups: groups.map(({ fromMs, ...group }) => ({
            ...group,
            ...(fromMs !== undefined && { from: new Date(fromMs).toISOString() }),
          })),
        }
      },
    )
  }
}
