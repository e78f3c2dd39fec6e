/** The way from an empty file to today's tables, one step a release that changes them; a step is never edited afterwards. */
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Steps by name; names sort in the order they are taken. The count of steps is the version of a store. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': { up: firstTables },
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
