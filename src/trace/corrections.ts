/** People's answers for calls, on any database that Kysely speaks to. */
import type { Selectable } from 'kysely'
import type { CallId, TaskId } from '../base/ids.ts'
import type { CorrectionTable, StoreQueries } from './schema.ts'
import type { Correction } from './store.ts'

const pageRows = 500

/** Writes a correction over an earlier one of the same call. */
export async function putCorrection(queries: StoreQueries, correction: Correction): Promise<void> {
  const values = { task: correction.task ?? null, at_ms: correction.atMs, output: correction.output }
  await queries
    .insertInto('corrections')
    .values({ call: correction.call, ...values })
    .onConflict((conflict) => conflict.column('call').doUpdateSet(values))
    .execute()
}

/** The correction of a call, if a person gave one. */
export async function getCorrection(queries: StoreQueries, call: CallId): Promise<Correction | undefined> {
  const row = await queries.selectFrom('corrections').selectAll().where('call', '=', call).executeTakeFirst()
  return row && correctionOf(row)
}

/** A task's corrections, in the order in which their calls were first corrected, a page at a time. */
export async function* iterateCorrections(queries: StoreQueries, task: TaskId): AsyncGenerator<Correction> {
  for (let after = 0; ; ) {
    const rows = await queries
      .selectFrom('corrections')
      .selectAll()
      .where('task', '=', task)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(pageRows)
      .execute()
    for (const row of rows) yield correctionOf(row)
    const last = rows.at(-1)
    if (!last || rows.length < pageRows) return
    after = last.seq
  }
}

function correctionOf(row: Selectable<CorrectionTable>): Correction {
  return {
    call: row.call,
    ...(row.task !== null && { task: row.task }),
    atMs: row.at_ms,
    output: row.output,
  }
}
