/** Columns of usage, energy and exact money that came with the second step of the {@link migrations}, filled in for rows that were there. */
import { type Kysely, sql } from 'kysely'

/** What an upstream reports of a call beyond its tokens in and out, and how they were counted where it reported nothing. */
export async function addUsageColumns(db: Kysely<unknown>): Promise<void> {
  const counts = [
    'cache_write_tokens',
    'cache_write_hour_tokens',
    'reasoning_tokens',
    'audio_prompt_tokens',
    'audio_completion_tokens',
  ]
  for (const name of counts) await db.schema.alterTable('calls').addColumn(name, 'bigint').execute()
  await db.schema.alterTable('calls').addColumn('counted_by', 'text').execute()
}

/** Money as whole billionths of a dollar in place of floating numbers, and what a sum can be grouped by. */
export async function addLedgerColumns(db: Kysely<unknown>): Promise<void> {
  const ledger = () => db.schema.alterTable('ledger')
  for (const name of ['cached_tokens', 'cache_write_tokens', 'reasoning_tokens'])
    await ledger().addColumn(name, 'bigint').execute()
  for (const name of ['counted_by', 'model', 'upstream']) await ledger().addColumn(name, 'text').execute()
  await ledger()
    .addColumn('tier', 'text', (column) => column.notNull().defaultTo('upstream'))
    .execute()
  await ledger()
    .addColumn('is_audit', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  for (const name of ['cost_nano_usd', 'avoided_nano_usd']) await ledger().addColumn(name, 'bigint').execute()
  await ledger()
    .addColumn('energy_joules', 'double precision', (column) => column.notNull().defaultTo(0))
    .execute()
  await ledger()
    .addColumn('energy_is', 'text', (column) => column.notNull().defaultTo('cpu-time'))
    .execute()
  for (const name of ['upstream_joules_low', 'upstream_joules_high'])
    await ledger().addColumn(name, 'double precision').execute()
  await fillEarlierRows(db)
  for (const name of ['cost_usd', 'avoided_usd']) await ledger().dropColumn(name).execute()
  await db.schema.createIndex('ledger_at').on('ledger').columns(['at_ms']).execute()
  await db.schema.createIndex('ledger_task_at').on('ledger').columns(['task', 'at_ms']).execute()
}

/** `TASK@VERSION (tier)` names the tier; the energy of earlier rows is their CPU time at the default wattage. */
async function fillEarlierRows(db: Kysely<unknown>): Promise<void> {
  await sql`update ledger set
    cost_nano_usd = cast(round(cost_usd * 1e9) as bigint),
    avoided_nano_usd = cast(round(avoided_usd * 1e9) as bigint),
    tier = case when served_by like '%(%)' then rtrim(substr(served_by, instr(served_by, '(') + 1), ')') else 'upstream' end,
    counted_by = case when tokens_are = 'counted' then 'bytes' end,
    energy_joules = cpu_ms * 0.00426,
    model = (select model from calls where calls.id = ledger.call limit 1)`.execute(db)
}
