/** The three hot inserts of the libsql store; a row whose unique key is there already is left out. */
import type { Insertable } from 'kysely'
import { type BulkInsert, bulkInsert } from './bulk-insert.ts'
import { callRow, ledgerRow } from './call-rows.ts'
import type { LibsqlConnection } from './libsql-connection.ts'
import type { CallTable, ExampleTable, LedgerTable } from './schema.ts'
import type { KeptCall } from './store.ts'

export interface Inserts {
  /** Calls with their ledger rows; `importNo` 0 for calls that the gateway kept. */
  calls(kept: readonly KeptCall[], importNo: number): void
  examples: BulkInsert<Insertable<ExampleTable>>
}

/** Prepares the inserts on one connection; run them inside a transaction. */
export function prepareInserts(connection: LibsqlConnection): Inserts {
  const calls = bulkInsert<Insertable<CallTable>>(connection, (queries, rows) =>
    queries
      .insertInto('calls')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing()),
  )
  const ledger = bulkInsert<Insertable<LedgerTable>>(connection, (queries, rows) =>
    queries
      .insertInto('ledger')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing()),
  )
  return {
    calls: (kept, importNo) => {
      calls(kept.map((one) => callRow(one, importNo)))
      ledger(kept.map((one) => ledgerRow(one, importNo)))
    },
    examples: bulkInsert<Insertable<ExampleTable>>(connection, (queries, rows) =>
      queries
        .insertInto('examples')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing()),
    ),
  }
}
