/** Rows that are removed for good from a libsql store, in small transactions, and the space that they took. */
import { stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type ExpressionBuilder, sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { appError, assert } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { CallId } from '../base/ids.ts'
import type { LibsqlConnection } from './libsql-connection.ts'
import type { StoreTables } from './schema.ts'
import { scrubUnusedSpace } from './scrub.ts'
import { inSmallSteps } from './small-steps.ts'
import type { Removal, Removed } from './store.ts'

/** What one transaction removes: rows, and bytes of their texts, which are overwritten. */
const stepRows = 200
const stepBytes = 2_000_000
const stepFreedPages = 500
/** How long readers may hold the log while it is to be emptied. */
const patienceMs = 10_000

/** Where rows are removed; the clock says which calls are dated in the future. */
export interface UpkeepContext {
  readonly connection: LibsqlConnection
  readonly clock: Clock
}

/** Removes the calls that meet the conditions with their audits and corrections; with a task alone, its examples too. */
export async function removeRows(context: UpkeepContext, which: Removal): Promise<Removed> {
  const { task, endUser, call, beforeMs } = which
  assert(task ?? endUser ?? call ?? beforeMs, 'rows were to be removed without saying which')
  const removed = await removeCalls(context, callsOf(context, which))
  const isWholeTask = task !== undefined && !(endUser ?? call ?? beforeMs)
  const examples = isWholeTask ? await removeExamples(context, task) : 0
  const corrections = isWholeTask ? removeCorrectionsOf(context, task) : 0
  await leaveNothing(context)
  return { calls: removed.calls, examples, corrections: removed.corrections + corrections }
}

/** Removes the oldest calls until the file is no larger, or no call is left. */
export async function shrinkStore(context: UpkeepContext, sizeBytes: number): Promise<Removed> {
  const isLarger = (): boolean => bytesInUse(context.connection) > sizeBytes
  const removed = isLarger()
    ? await removeCalls(context, oldestCalls(context), isLarger)
    : { calls: 0, corrections: 0 }
  if (removed.calls > 0 || (await storeBytes(context.connection.path)) > sizeBytes)
    await leaveNothing(context)
  return { ...removed, examples: 0 }
}

/** Bytes of the file and its log on disk. */
export async function storeBytes(path: string): Promise<number> {
  const sizes = await Promise.all([path, `${path}-wal`].map(sizeOf))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return 0
    throw cause
  }
}

/** Calls that go next, oldest first, at most {@link stepRows}. */
type NextCalls = () => readonly { readonly id: CallId; readonly seq: number; readonly bytes: number }[]

const textBytes = sql<number>`coalesce(octet_length(request), 0) + coalesce(octet_length(response), 0)`

function callsOf({ connection, clock }: UpkeepContext, which: Removal): NextCalls {
  const { task, endUser, call, beforeMs } = which
  const { queries } = connection
  let query = queries
    .selectFrom('calls')
    .select(['id', 'seq', textBytes.as('bytes')])
    .limit(stepRows)
  if (task !== undefined) query = query.where('task', '=', task)
  if (endUser !== undefined) query = query.where('end_user', '=', endUser)
  if (call !== undefined)
    query = query.where((builder) => builder.or([builder('id', '=', call), builder('audit_of', '=', call)]))
  if (beforeMs !== undefined) {
    const keptBefore = lastKeptBefore(connection, beforeMs)
    const nowMs = clock.nowMs()
    query = query.where((builder) =>
      builder.or([builder('at_ms', '<', beforeMs), ...datedAhead(builder, { nowMs, keptBefore })]),
    )
  }
  return () => connection.all(query)
}

/** A clock that was set back leaves calls that are dated in the future: they are as old as the calls kept after them. */
function datedAhead(
  builder: ExpressionBuilder<StoreTables, 'calls'>,
  { nowMs, keptBefore }: { readonly nowMs: number; readonly keptBefore: number | null },
) {
  if (keptBefore === null) return []
  return [
    builder.and([
      builder('at_ms', '>', nowMs),
      builder('import_no', '=', 0),
      builder('seq', '<', keptBefore),
    ]),
  ]
}

function lastKeptBefore({ all, queries }: LibsqlConnection, beforeMs: number): number | null {
  const query = queries
    .selectFrom('calls')
    .select((builder) => builder.fn.max('seq').as('seq'))
    .where('at_ms', '<', beforeMs)
    .where('import_no', '=', 0)
  return all(query)[0]?.seq ?? null
}

function oldestCalls({ connection }: UpkeepContext): NextCalls {
  const query = connection.queries
    .selectFrom('calls')
    .select(['id', 'seq', textBytes.as('bytes')])
    .orderBy('at_ms')
    .orderBy('seq')
    .limit(stepRows)
  return () => connection.all(query)
}

async function removeCalls(
  { connection }: UpkeepContext,
  next: NextCalls,
  goOn: () => boolean = () => true,
): Promise<{ readonly calls: number; readonly corrections: number }> {
  let [calls, corrections] = [0, 0]
  await inSmallSteps(() => {
    const found = next()
    const some = withinBytes(found)
    connection.transaction(() => {
      const ids = JSON.stringify(some.map(({ id }) => id))
      const seqs = JSON.stringify(some.map(({ seq }) => seq))
      const { queries } = connection
      calls += connection.run(
        queries.deleteFrom('calls').where('seq', 'in', sql<number>`(select value from json_each(${seqs}))`),
      )
      corrections += connection.run(
        queries
          .deleteFrom('corrections')
          .where('call', 'in', sql<CallId>`(select value from json_each(${ids}))`),
      )
    })
    return found.length > 0 && goOn()
  })
  return { calls, corrections }
}

function withinBytes<T extends { readonly bytes: number }>(rows: readonly T[]): readonly T[] {
  let bytes = 0
  const end = rows.findIndex((row) => {
    bytes += row.bytes
    return bytes > stepBytes
  })
  return end < 0 ? rows : rows.slice(0, Math.max(1, end))
}

async function removeExamples(
  { connection }: UpkeepContext,
  task: NonNullable<Removal['task']>,
): Promise<number> {
  const { queries } = connection
  const ofTask = queries.selectFrom('imports').select('no').where('task', '=', task)
  const some = queries.selectFrom('examples').select('seq').where('import_no', 'in', ofTask).limit(stepRows)
  let removed = 0
  await inSmallSteps(() => {
    const gone = connection.run(queries.deleteFrom('examples').where('seq', 'in', some))
    removed += gone
    return gone > 0
  })
  // An import that goes on finds its row gone and ends with an error that says so.
  connection.run(queries.deleteFrom('imports').where('task', '=', task))
  return removed
}

function removeCorrectionsOf({ connection }: UpkeepContext, task: NonNullable<Removal['task']>): number {
  return connection.run(connection.queries.deleteFrom('corrections').where('task', '=', task))
}

/** Gives freed pages back, overwrites what rows left in others, and empties the log, in which old pages lie. */
async function leaveNothing({ connection }: UpkeepContext): Promise<void> {
  await inSmallSteps(() => {
    const before = connection.pragma('freelist_count')
    connection.statement(`PRAGMA incremental_vacuum(${stepFreedPages})`).all([])
    return before > stepFreedPages
  })
  await scrubUnusedSpace(connection)
  const giveUpAt = performance.now() + patienceMs
  while (!connection.emptyLog()) {
    if (performance.now() > giveUpAt)
      throw appError('store.log-held', { file: connection.path, seconds: patienceMs / 1000 })
    await wait(20)
  }
}

function bytesInUse(connection: LibsqlConnection): number {
  const pages = connection.pragma('page_count') - connection.pragma('freelist_count')
  return pages * connection.pragma('page_size')
}
