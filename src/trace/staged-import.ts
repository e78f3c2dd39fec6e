/** Imports into a libsql store: rows go in with their import's number in small transactions; one update shows them all. */
import { type Insertable, sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { appError, assert } from '../base/errors.ts'
import type { TaskId } from '../base/ids.ts'
import { exampleRow } from './examples.ts'
import type { Inserts } from './inserts.ts'
import type { LibsqlConnection } from './libsql-connection.ts'
import type { ExampleTable } from './schema.ts'
import type { KeptCall, StagedImport } from './store.ts'
import { visible } from './visible.ts'

/** Rows, and UTF-16 units of input and output, that one transaction writes. */
const transactionRows = 4000
const transactionUnits = 8_000_000
/** An open import that got nothing for so long belongs to a process that is gone. */
const abandonedMinutes = 10
const deleteRows = 2000

interface ImportContext {
  readonly connection: LibsqlConnection
  readonly inserts: Inserts
  readonly clock: Clock
}

/** Begins an import, after removing what a killed one left behind. */
export function stageImport(context: ImportContext, task: TaskId, source: string): StagedImport {
  sweepAbandoned(context)
  const now = context.clock.nowMs()
  const [row] = context.connection.all(
    context.connection.queries
      .insertInto('imports')
      .values({ task, source, state: 'open', started_ms: now, touched_ms: now, added: 0, repeated: 0 })
      .returning('no'),
  )
  assert(row, 'an insert with returning gave no row')
  return stagedImport(context, { no: row.no, task, source })
}

interface ImportIdentity {
  readonly no: number
  readonly task: TaskId
  readonly source: string
}

function stagedImport(context: ImportContext, identity: ImportIdentity): StagedImport {
  const doneBefore = countDone(context)
  let waiting: Insertable<ExampleTable>[] = []
  let waitingUnits = 0
  let offered = 0
  let added = 0
  let open = true
  const flush = (): void => {
    const rows = waiting
    waiting = []
    waitingUnits = 0
    added += stagedWrite(context, identity, () => insertNew(context, rows))
  }
  return {
    add: async (examples) => {
      assert(open, 'an import that has ended was added to')
      for (const example of examples) {
        const row = exampleRow(identity.task, example, identity.no)
        waiting.push(row)
        waitingUnits += row.input.length + row.output.length
        offered++
        if (waiting.length >= transactionRows || waitingUnits >= transactionUnits) flush()
      }
    },
    addCalls: async (calls) => {
      assert(open, 'an import that has ended was added to')
      stagedWrite(context, identity, () => context.inserts.calls(newCalls(context, calls), identity.no))
    },
    commit: async () => {
      assert(open, 'an import was ended twice')
      flush()
      const removed = publishImport(context, identity, { doneBefore, offered, added })
      open = false
      return { added: added - removed, repeated: offered - added + removed }
    },
    abort: async () => {
      open = false
      removeImport(context, identity.no)
    },
  }
}

/** One small transaction; it need not survive a power cut, since only the commit makes it count. */
function stagedWrite<T>(context: ImportContext, identity: ImportIdentity, work: () => T): T {
  const { connection, clock } = context
  connection.exec('PRAGMA synchronous = NORMAL')
  try {
    return connection.transaction(() => {
      const touched = connection.run(
        connection.queries
          .updateTable('imports')
          .set({ touched_ms: clock.nowMs() })
          .where('no', '=', identity.no)
          .where('state', '=', 'open'),
      )
      requireOpen(touched, identity)
      return work()
    })
  } finally {
    connection.exec('PRAGMA synchronous = FULL')
  }
}

function requireOpen(rows: number, identity: ImportIdentity): void {
  if (rows === 1) return
  throw appError('store.import-lost', { source: identity.source, minutes: abandonedMinutes })
}

function countDone({ connection }: ImportContext): number {
  const query = connection.queries.selectFrom('imports').where('state', '=', 'done')
  return Number(connection.all(query.select((builder) => builder.fn.countAll().as('count')))[0]?.count ?? 0)
}

/** Inserts the rows that no finished import has; the unique key leaves out this import's own repeats. */
function insertNew(context: ImportContext, rows: readonly Insertable<ExampleTable>[]): number {
  if (rows.length === 0) return 0
  if (countDone(context) === 0) return context.inserts.examples(rows)
  const keys = JSON.stringify(rows.map((row) => row.key))
  const { connection } = context
  const known = connection.all(
    connection.queries
      .selectFrom('examples')
      .select('key')
      .where('key', 'in', sql<string>`(select value from json_each(${keys}))`)
      .where('import_no', 'in', (builder) =>
        builder.selectFrom('imports').select('no').where('state', '=', 'done'),
      ),
  )
  const knownKeys = new Set(known.map((row) => row.key))
  return context.inserts.examples(rows.filter((row) => !knownKeys.has(row.key)))
}

function newCalls({ connection }: ImportContext, calls: readonly KeptCall[]): readonly KeptCall[] {
  const ids = JSON.stringify(calls.map((kept) => kept.call.id))
  const known = connection.all(
    connection.queries
      .selectFrom('calls')
      .select('id')
      .where('id', 'in', sql<KeptCall['call']['id']>`(select value from json_each(${ids}))`)
      .where(visible),
  )
  const knownIds = new Set(known.map((row) => row.id))
  return calls.filter((kept) => !knownIds.has(kept.call.id))
}

/** Shows the import; says how many of its examples another import had shown meanwhile, which are removed. */
function publishImport(
  context: ImportContext,
  identity: ImportIdentity,
  counts: { readonly doneBefore: number; readonly offered: number; readonly added: number },
): number {
  const { connection } = context
  return connection.transaction(() => {
    const removed = countDone(context) === counts.doneBefore ? 0 : removeRepeats(connection, identity.no)
    const added = counts.added - removed
    const shown = connection.run(
      connection.queries
        .updateTable('imports')
        .set({ state: 'done', added, repeated: counts.offered - added })
        .where('no', '=', identity.no)
        .where('state', '=', 'open'),
    )
    requireOpen(shown, identity)
    return removed
  })
}

function removeRepeats(connection: LibsqlConnection, no: number): number {
  const repeatedCall = sql<boolean>`exists (select 1 from calls as other where other.id = calls.id and other.import_no <> ${no}
    and other.import_no in (select no from imports where state = 'done'))`
  const gone = connection.all(
    connection.queries
      .deleteFrom('calls')
      .where('import_no', '=', no)
      .where('import_no', '>', 0)
      .where(repeatedCall)
      .returning('id'),
  )
  for (const { id } of gone)
    connection.run(connection.queries.deleteFrom('ledger').where('call', '=', id).where('import_no', '=', no))
  const repeatedExample = sql<boolean>`exists (select 1 from examples as other where other.key = examples.key
    and other.import_no <> ${no} and other.import_no in (select no from imports where state = 'done'))`
  return connection.run(
    connection.queries.deleteFrom('examples').where('import_no', '=', no).where(repeatedExample),
  )
}

function sweepAbandoned(context: ImportContext): void {
  const limit = context.clock.nowMs() - abandonedMinutes * 60_000
  const { queries } = context.connection
  const abandoned = context.connection.all(
    queries.selectFrom('imports').select('no').where('state', '=', 'open').where('touched_ms', '<', limit),
  )
  for (const { no } of abandoned) removeImport(context, no)
}

/** Removes an import that is not shown, in small transactions, its own row first so that nobody can finish it. */
function removeImport({ connection }: ImportContext, no: number): void {
  const { queries } = connection
  connection.run(
    queries
      .updateTable('imports')
      .set({ state: 'dropped' })
      .where('no', '=', no)
      .where('state', '!=', 'done'),
  )
  const someExamples = queries
    .selectFrom('examples')
    .select('seq')
    .where('import_no', '=', no)
    .limit(deleteRows)
  while (connection.run(queries.deleteFrom('examples').where('seq', 'in', someExamples)) > 0);
  const someCalls = queries
    .selectFrom('calls')
    .select('seq')
    .where('import_no', '=', no)
    .where('import_no', '>', 0)
    .limit(deleteRows)
  for (;;) {
    const gone = connection.transaction(() => {
      const ids = connection.all(queries.deleteFrom('calls').where('seq', 'in', someCalls).returning('id'))
      for (const { id } of ids)
        connection.run(queries.deleteFrom('ledger').where('call', '=', id).where('import_no', '=', no))
      return ids.length
    })
    if (gone === 0) break
  }
  connection.run(queries.deleteFrom('imports').where('no', '=', no))
}
