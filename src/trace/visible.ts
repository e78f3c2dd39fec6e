/** What readers may see: rows that the gateway kept itself, and rows of imports that are finished. */
import { type SqlBool, sql } from 'kysely'

/** The condition on the `import_no` of `calls` or `ledger`. */
export const visible = sql<SqlBool>`(import_no = 0 or import_no in (select no from imports where state = 'done'))`
