/** Many rows in few statements: Kysely writes the text once for each size, libsql keeps it prepared. */
import type { Compilable } from 'kysely'
import type { LibsqlConnection, SqlValue } from './libsql-connection.ts'
import type { StoreQueries } from './schema.ts'

/** Rows a statement; 64 rows of 24 columns stay far below SQLite's limit of 32,766 parameters. */
const sizes = [64, 8, 1] as const

/** Inserts rows and says how many went in. */
export type BulkInsert<Row> = (rows: readonly Row[]) => number

/** Prepares an insert whose text `build` gives for some rows; the rows must have the same columns in the same order. */
export function bulkInsert<Row extends { readonly [Column in keyof Row]: SqlValue | undefined }>(
  connection: LibsqlConnection,
  build: (queries: StoreQueries, rows: readonly Row[]) => Compilable,
): BulkInsert<Row> {
  const texts = new Map<number, string>()
  const textFor = (rows: readonly Row[]): string => {
    const text = texts.get(rows.length) ?? build(connection.queries, rows).compile().sql
    texts.set(rows.length, text)
    return text
  }
  return (rows) => {
    let inserted = 0
    for (let at = 0; at < rows.length; ) {
      const size = sizes.find((candidate) => candidate <= rows.length - at)!
      const some = rows.slice(at, at + size)
      const values = some.flatMap((row): SqlValue[] => Object.values(row))
      inserted += connection.statement(textFor(some)).run(values)
      at += size
    }
    return inserted
  }
}
