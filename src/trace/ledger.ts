/** Sums of the ledger, on any database that Kysely speaks to. */
import type { StoreQueries } from './schema.ts'
import type { CallFilter, LedgerTotals } from './store.ts'
import { visible } from './visible.ts'

/** What the calls that pass the filter cost and saved. */
export async function ledgerTotals(
  queries: StoreQueries,
  filter: Pick<CallFilter, 'task' | 'sinceMs'> = {},
): Promise<LedgerTotals> {
  let query = queries.selectFrom('ledger').where(visible)
  if (filter.task !== undefined) query = query.where('task', '=', filter.task)
  if (filter.sinceMs !== undefined) query = query.where('at_ms', '>=', filter.sinceMs)
  const row = await query
    .select((builder) => [
      builder.fn.countAll().as('calls'),
      builder.fn.sum(builder.case().when('served_by', '=', 'upstream').then(0).else(1).end()).as('local'),
      builder.fn
        .sum(
          builder
            .case()
            .when(builder.or([builder('cost_usd', 'is', null), builder('avoided_usd', 'is', null)]))
            .then(1)
            .else(0)
            .end(),
        )
        .as('unpriced'),
      builder.fn.sum('prompt_tokens').as('promptTokens'),
      builder.fn.sum('completion_tokens').as('completionTokens'),
      builder.fn.sum('cost_usd').as('costUsd'),
      builder.fn.sum('avoided_usd').as('avoidedUsd'),
      builder.fn.sum('cpu_ms').as('cpuMs'),
    ])
    .executeTakeFirstOrThrow()
  return {
    calls: Number(row.calls),
    local: Number(row.local ?? 0),
    unpriced: Number(row.unpriced ?? 0),
    promptTokens: Number(row.promptTokens ?? 0),
    completionTokens: Number(row.completionTokens ?? 0),
    costUsd: Number(row.costUsd ?? 0),
    avoidedUsd: Number(row.avoidedUsd ?? 0),
    cpuMs: Number(row.cpuMs ?? 0),
  }
}
