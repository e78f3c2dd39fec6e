/** Sums of the ledger, on any database that Kysely speaks to. */
import { type Expression, sql } from 'kysely'
import { nanoUsd } from './call-rows.ts'
import type { StoreQueries } from './schema.ts'
import type { LedgerFilter, LedgerGroup, LedgerGrouping, LedgerTotals } from './store.ts'
import { visible } from './visible.ts'

/** What a sum can be grouped by, as a column or a number that counts days, hours or minutes since 1970, UTC. */
const groupings: { readonly [Grouping in LedgerGrouping]: Expression<unknown> } = {
  task: sql.ref('task'),
  tier: sql.ref('tier'),
  model: sql.ref('model'),
  key: sql.ref('client_key'),
  day: sql`at_ms / 86400000`,
  hour: sql`at_ms / 3600000`,
  minute: sql`at_ms / 60000`,
}
const unitMs: { readonly [Grouping in LedgerGrouping]?: number } = {
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
}

const local = sql<boolean>`served_by <> 'upstream'`

/** Every sum; SQL's integers hold nine thousand million dollars in billionths, so sums of money are exact. */
const sums = {
  calls: sql<number>`sum(1 - is_audit)`,
  local: sql<number>`sum(case when ${local} then 1 else 0 end)`,
  audits: sql<number>`sum(is_audit)`,
  unpriced: sql<number>`sum(case when cost_nano_usd is null or avoided_nano_usd is null then 1 else 0 end)`,
  counted: sql<number>`sum(case when tokens_are = 'counted' then 1 else 0 end)`,
  promptTokens: sql<number>`sum(prompt_tokens)`,
  completionTokens: sql<number>`sum(completion_tokens)`,
  cachedTokens: sql<number>`sum(cached_tokens)`,
  cacheWriteTokens: sql<number>`sum(cache_write_tokens)`,
  reasoningTokens: sql<number>`sum(reasoning_tokens)`,
  costNano: sql<number>`sum(cost_nano_usd)`,
  auditNano: sql<number>`sum(case when is_audit = 1 then cost_nano_usd else 0 end)`,
  avoidedNano: sql<number>`sum(avoided_nano_usd)`,
  cpuMs: sql<number>`sum(cpu_ms)`,
  energyJoules: sql<number>`sum(energy_joules)`,
  usedLow: sql<number>`sum(case when ${local} then 0 else upstream_joules_low end)`,
  usedHigh: sql<number>`sum(case when ${local} then 0 else upstream_joules_high end)`,
  avoidedLow: sql<number>`sum(case when ${local} then upstream_joules_low else 0 end)`,
  avoidedHigh: sql<number>`sum(case when ${local} then upstream_joules_high else 0 end)`,
}

type Sums = { readonly [Name in keyof typeof sums]: number | string | null }

/** What the calls that pass the filter cost and saved. */
export async function ledgerTotals(queries: StoreQueries, filter: LedgerFilter = {}): Promise<LedgerTotals> {
  const selected = Object.entries(sums).map(([name, sum]) => sum.as(name))
  const row = await filtered(queries, filter).select(selected).executeTakeFirstOrThrow()
  return totalsOf(row as unknown as Sums)
}

/** The same for each group, in the order of the groups; those of no task, model or key come first. */
export async function ledgerGroups(
  queries: StoreQueries,
  by: LedgerGrouping,
  filter: LedgerFilter = {},
): Promise<readonly LedgerGroup[]> {
  const grouping = groupings[by]
  const selected = Object.entries(sums).map(([name, sum]) => sum.as(name))
  const rows = await filtered(queries, filter)
    .select([sql<string | number | null>`${grouping}`.as('name'), ...selected])
    .groupBy(grouping)
    .orderBy(grouping)
    .execute()
  const unit = unitMs[by]
  return rows.map(({ name, ...row }) => ({
    ...totalsOf(row as unknown as Sums),
    ...(name !== null && unit === undefined && { name: String(name) }),
    ...(name !== null && unit !== undefined && { fromMs: Number(name) * unit }),
  }))
}

function filtered(queries: StoreQueries, filter: LedgerFilter) {
  let query = queries.selectFrom('ledger').where(visible)
  if (filter.task !== undefined) query = query.where('task', '=', filter.task)
  if (filter.sinceMs !== undefined) query = query.where('at_ms', '>=', filter.sinceMs)
  if (filter.untilMs !== undefined) query = query.where('at_ms', '<', filter.untilMs)
  return query
}

function totalsOf(row: Sums): LedgerTotals {
  const number = (name: keyof Sums): number => Number(row[name] ?? 0)
  return {
    calls: number('calls'),
    local: number('local'),
    audits: number('audits'),
    unpriced: number('unpriced'),
    counted: number('counted'),
    promptTokens: number('promptTokens'),
    completionTokens: number('completionTokens'),
    cachedTokens: number('cachedTokens'),
    cacheWriteTokens: number('cacheWriteTokens'),
    reasoningTokens: number('reasoningTokens'),
    costUsd: number('costNano') / nanoUsd,
    auditUsd: number('auditNano') / nanoUsd,
    avoidedUsd: number('avoidedNano') / nanoUsd,
    cpuMs: number('cpuMs'),
    energyJoules: number('energyJoules'),
    upstreamJoules: { low: number('usedLow'), high: number('usedHigh') },
    avoidedJoules: { low: number('avoidedLow'), high: number('avoidedHigh') },
  }
}

/** US dollars that calls with a key cost upstream since a moment and, where one is given, before another; calls without a known price are missing from the sum. */
export async function spentUsd(
  queries: StoreQueries,
  key: string,
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number | undefined },
): Promise<number> {
  const since = queries
    .selectFrom('ledger')
    .select((builder) => builder.fn.sum('cost_nano_usd').as('nano'))
    .where('client_key', '=', key)
    .where('at_ms', '>=', sinceMs)
    .where(visible)
  const between = untilMs === undefined ? since : since.where('at_ms', '<', untilMs)
  const row = await between.executeTakeFirst()
  return Number(row?.nano ?? 0) / nanoUsd
}
