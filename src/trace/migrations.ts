/** The way from an empty file to today's tables, one step a release that changes them; a step is never edited afterwards. */
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { addLedgerColumns, addUsageColumns } from './ledger-columns.ts'

/** Steps by name; names sort in the order they are taken. The count of steps is the version of a store. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': { up: firstTables },
  '0002-checks-and-keys': { up: secondTables },
}

/** The version of the stores that this Shoal writes. */
export const storeVersion = Object.keys(migrations).length

async function firstTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tasks')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('updated_ms', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('imports')
    .addColumn('no', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('task', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('touched_ms', 'bigint', (column) => column.notNull())
    .addColumn('added', 'bigint', (column) => column.notNull())
    .addColumn('repeated', 'bigint', (column) => column.notNull())
    .execute()
  await firstCalls(db)
  await firstExamples(db)
}

async function firstCalls(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('calls')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('import_no', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('wire', 'text', (column) => column.notNull())
    .addColumn('task', 'text')
    .addColumn('model', 'text')
    .addColumn('served_by', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('confidence', 'double precision')
    .addColumn('streaming', 'integer', (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('request', 'text')
    .addColumn('response', 'text')
    .addColumn('prompt_tokens', 'bigint')
    .addColumn('completion_tokens', 'bigint')
    .addColumn('cached_tokens', 'bigint')
    .addColumn('tokens_are', 'text')
    .addColumn('latency_ms', 'double precision', (column) => column.notNull())
    .addColumn('first_byte_ms', 'double precision')
    .addColumn('cpu_ms', 'double precision')
    .addColumn('error', 'text')
    .execute()
  await db.schema.createIndex('calls_id').unique().on('calls').columns(['id', 'import_no']).execute()
  await db.schema.createIndex('calls_at').on('calls').columns(['at_ms']).execute()
  await db.schema.createIndex('calls_task_at').on('calls').columns(['task', 'at_ms']).execute()
  // Aborting an import looks for its calls; nearly all calls have none.
  await db.schema
    .createIndex('calls_import')
    .on('calls')
    .columns(['import_no'])
    .where(sql.ref('import_no'), '>', sql.lit(0))
    .execute()
  await db.schema
    .createTable('ledger')
    .addColumn('call', 'text', (column) => column.notNull())
    .addColumn('import_no', 'integer', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('task', 'text')
    .addColumn('served_by', 'text', (column) => column.notNull())
    .addColumn('prompt_tokens', 'bigint', (column) => column.notNull())
    .addColumn('completion_tokens', 'bigint', (column) => column.notNull())
    .addColumn('tokens_are', 'text', (column) => column.notNull())
    .addColumn('cost_usd', 'double precision')
    .addColumn('avoided_usd', 'double precision')
    .addColumn('price_date', 'text', (column) => column.notNull())
    .addColumn('latency_ms', 'double precision', (column) => column.notNull())
    .addColumn('cpu_ms', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('ledger_call', ['call', 'import_no'])
    .execute()
}

async function firstExamples(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('examples')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('import_no', 'integer', (column) => column.notNull().references('imports.no'))
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('input', 'text', (column) => column.notNull())
    .addColumn('output', 'text', (column) => column.notNull())
    .addColumn('soft', 'text')
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('weight', 'double precision', (column) => column.notNull())
    .addColumn('group_name', 'text')
    .execute()
  await db.schema.createIndex('examples_key').unique().on('examples').columns(['key', 'import_no']).execute()
  await db.schema.createIndex('examples_import').on('examples').columns(['import_no']).execute()
}

/** Checks, corrections, keys and the cost of training; whose call it was, and which upstream answered. */
async function secondTables(db: Kysely<unknown>): Promise<void> {
  await secondCalls(db)
  await secondLedger(db)
  await db.schema.alterTable('examples').addColumn('fair_sample', 'integer').execute()
  // A gateway asks every second whether a task changed: the answer is in the index, not in the bodies.
  await db.schema.createIndex('tasks_updated').on('tasks').columns(['updated_ms']).execute()
  await db.schema
    .createTable('corrections')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('call', 'text', (column) => column.notNull().unique())
    .addColumn('task', 'text')
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('output', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('corrections_task').on('corrections').columns(['task']).execute()
  await db.schema
    .createTable('checks')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('call', 'text', (column) => column.notNull())
    .addColumn('task', 'text', (column) => column.notNull())
    .addColumn('specialist', 'text', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('wrong', 'integer', (column) => column.notNull())
    .addColumn('loss', 'double precision')
    .addColumn('chosen_with', 'double precision')
    .addUniqueConstraint('checks_call', ['call', 'source'])
    .execute()
  await db.schema.createIndex('checks_specialist').on('checks').columns(['specialist', 'seq']).execute()
  await secondKeys(db)
}

async function secondCalls(db: Kysely<unknown>): Promise<void> {
  for (const name of ['upstream', 'audit_of', 'end_user', 'client_key'])
    await db.schema.alterTable('calls').addColumn(name, 'text').execute()
  await addUsageColumns(db)
  // Most calls name no user and audit nothing, and cost no entry.
  for (const name of ['audit_of', 'end_user'])
    await db.schema
      .createIndex(`calls_${name}`)
      .on('calls')
      .columns([name])
      .where(sql.ref(name), 'is not', null)
      .execute()
}

async function secondLedger(db: Kysely<unknown>): Promise<void> {
  await addLedgerColumns(db)
  await db.schema.alterTable('ledger').addColumn('client_key', 'text').execute()
  await db.schema
    .createIndex('ledger_client_key')
    .on('ledger')
    .columns(['client_key', 'at_ms'])
    .where(sql.ref('client_key'), 'is not', null)
    .execute()
}

async function secondKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('tasks', 'text')
    .addColumn('calls_per_minute', 'double precision')
    .addColumn('usd_per_month', 'double precision')
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('revoked_ms', 'bigint')
    .execute()
  await db.schema
    .createTable('trainings')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('specialist', 'text', (column) => column.notNull())
    .addColumn('task', 'text', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addColumn('wall_ms', 'double precision', (column) => column.notNull())
    .addColumn('cpu_ms', 'double precision', (column) => column.notNull())
    .addColumn('energy_joules', 'double precision', (column) => column.notNull())
    .addColumn('energy_is', 'text', (column) => column.notNull())
    .execute()
}
