/** Reading kept calls, on any database that Kysely speaks to. */
import type { CallId } from '../base/ids.ts'
import type { Call } from '../wire/call.ts'
import { callOf } from './call-rows.ts'
import type { StoreQueries } from './schema.ts'
import type { CallFilter } from './store.ts'
import { visible } from './visible.ts'

/** A page of calls holds about this many UTF-16 units of bodies. */
const pageUnits = 4_000_000
const mostRows = 500

/** The call of an id, if it is kept. */
export async function getCall(queries: StoreQueries, id: CallId): Promise<Call | undefined> {
  const row = await queries
    .selectFrom('calls')
    .selectAll()
    .where('id', '=', id)
    .where(visible)
    .limit(1)
    .executeTakeFirst()
  return row && callOf(row)
}

/** How many calls pass the filter. */
export async function countCalls(queries: StoreQueries, filter: CallFilter = {}): Promise<number> {
  const some = filtered(queries, filter).select('calls.seq')
  const limited = filter.limit === undefined ? some : some.limit(filter.limit)
  const row = await queries
    .selectFrom(limited.as('some'))
    .select((builder) => builder.fn.countAll<number | string | bigint>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Calls that pass the filter and were kept when the iteration began, in order of time, a page at a time. */
export async function* iterateCalls(queries: StoreQueries, filter: CallFilter = {}): AsyncGenerator<Call> {
  const newest = await queries
    .selectFrom('calls')
    .select((builder) => builder.fn.max('seq').as('seq'))
    .executeTakeFirst()
  let left = filter.limit ?? Number.POSITIVE_INFINITY
  let pageRows = 32
  let after: { readonly at: number; readonly seq: number } | undefined
  while (left > 0) {
    const page = filtered(queries, filter)
      .selectAll()
      .where('seq', '<=', newest?.seq ?? 0)
      .orderBy('at_ms')
      .orderBy('seq')
      .limit(Math.min(pageRows, left))
    const place = after
    const rows = await (place
      ? page.where((builder) =>
          builder(builder.refTuple('at_ms', 'seq'), '>', builder.tuple(place.at, place.seq)),
        )
      : page
    ).execute()
    for (const row of rows) yield callOf(row)
    const last = rows.at(-1)
    if (!last || rows.length < Math.min(pageRows, left)) return
    after = { at: last.at_ms, seq: last.seq }
    left -= rows.length
    const units = rows.reduce((sum, row) => sum + (row.request?.length ?? 0) + (row.response?.length ?? 0), 0)
    pageRows = Math.max(1, Math.min(mostRows, Math.floor((pageUnits * rows.length) / (units + 1))))
  }
}

function filtered(queries: StoreQueries, filter: CallFilter) {
  let query = queries.selectFrom('calls').where(visible)
  if (filter.task !== undefined) query = query.where('task', '=', filter.task)
  if (filter.sinceMs !== undefined) query = query.where('at_ms', '>=', filter.sinceMs)
  if (filter.endUser !== undefined) query = query.where('end_user', '=', filter.endUser)
  if (filter.audits !== undefined) query = query.where('audit_of', filter.audits ? 'is not' : 'is', null)
  if (filter.answeredByUpstream === true)
    query = query.where('served_by', '=', 'upstream').where('status', '>=', 200).where('status', '<', 300)
  if (filter.answeredByUpstream === false)
    query = query.where((builder) =>
      builder.or([
        builder('served_by', '!=', 'upstream'),
        builder('status', '<', 200),
        builder('status', '>=', 300),
      ]),
    )
  return query
}
