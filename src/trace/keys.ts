/** Keys of clients and administrators, by digest, on any database that Kysely speaks to. */
import type { Selectable } from 'kysely'
import type { KeyTable, StoreQueries } from './schema.ts'
import type { KeyRecord } from './store.ts'

/** All keys, revoked ones too, in the order in which they were made. */
export async function listKeys(queries: StoreQueries): Promise<readonly KeyRecord[]> {
  const rows = await queries.selectFrom('keys').selectAll().orderBy('created_ms').orderBy('id').execute()
  return rows.map(keyOf)
}

/** Writes a key over the one of the same id. */
export async function putKey(queries: StoreQueries, key: KeyRecord): Promise<void> {
  const values = {
    name: key.name,
    digest: key.digest,
    scope: key.scope,
    tasks: key.tasks ? JSON.stringify(key.tasks) : null,
    calls_per_minute: key.callsPerMinute ?? null,
    usd_per_month: key.usdPerMonth ?? null,
    created_ms: key.createdMs,
    revoked_ms: key.revokedMs ?? null,
  }
  await queries
    .insertInto('keys')
    .values({ id: key.id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

function keyOf(row: Selectable<KeyTable>): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    scope: row.scope,
    ...(row.tasks !== null && { tasks: JSON.parse(row.tasks) }),
    ...(row.calls_per_minute !== null && { callsPerMinute: row.calls_per_minute }),
    ...(row.usd_per_month !== null && { usdPerMonth: row.usd_per_month }),
    createdMs: row.created_ms,
    ...(row.revoked_ms !== null && { revokedMs: row.revoked_ms }),
  }
}
