/** Whether locally answered calls were found wrong, on any database that Kysely speaks to. */
import type { SpecialistId } from '../base/ids.ts'
import type { StoreQueries } from './schema.ts'
import type { Check } from './store.ts'

const pageRows = 1000

/** Writes a check over an earlier one of the same call and source, which keeps its place in the order. */
export async function putCheck(queries: StoreQueries, check: Check): Promise<void> {
  const values = {
    task: check.task,
    specialist: check.specialist,
    at_ms: check.atMs,
    wrong: check.wrong ? (1 as const) : (0 as const),
    loss: check.loss ?? null,
    chosen_with: check.chosenWith ?? null,
  }
  await queries
    .insertInto('checks')
    .values({ call: check.call, source: check.source, ...values })
    .onConflict((conflict) => conflict.columns(['call', 'source']).doUpdateSet(values))
    .execute()
}

/** A specialist's checks in the order in which they were put, without the first `skip`, a page at a time. */
export async function* iterateChecks(
  queries: StoreQueries,
  specialist: SpecialistId,
  options: { readonly skip?: number } = {},
): AsyncGenerator<Check> {
  let skip = options.skip ?? 0
  for (let after = 0; ; ) {
    const rows = await queries
      .selectFrom('checks')
      .selectAll()
      .where('specialist', '=', specialist)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(pageRows)
      .offset(skip)
      .execute()
    for (const row of rows)
      yield {
        call: row.call,
        task: row.task,
        specialist: row.specialist,
        atMs: row.at_ms,
        source: row.source,
        wrong: row.wrong === 1,
        ...(row.loss !== null && { loss: row.loss }),
        ...(row.chosen_with !== null && { chosenWith: row.chosen_with }),
      }
    skip = 0
    const last = rows.at(-1)
    if (!last || rows.length < pageRows) return
    after = last.seq
  }
}
