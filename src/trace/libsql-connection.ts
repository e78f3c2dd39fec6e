/** One libsql connection: pragmas, cached statements, transactions, errors in our words, and the shape that Kysely takes. */
import { existsSync } from 'node:fs'
import { type Compilable, Kysely, type SqliteDatabase, SqliteDialect } from 'kysely'
import Database from 'libsql'
import { type AppError, appError } from '../base/errors.ts'
import { errorCodeOf } from '../base/files.ts'
import type { StoreTables } from './schema.ts'

export type SqlValue = string | number | null

/** A prepared statement whose parameters are bound by position. */
export interface LibsqlStatement {
  run(values: readonly unknown[]): number
  all(values: readonly unknown[]): readonly unknown[]
}

export interface LibsqlConnection {
  readonly path: string
  readonly queries: Kysely<StoreTables>
  exec(sql: string): void
  /** Prepares once for each text. */
  statement(sql: string): LibsqlStatement
  /** Runs a query of Kysely at once, so that it can be part of a transaction; says how many rows it changed. */
  run(query: Compilable): number
  /** Reads the rows of a query of Kysely at once. */
  all<Row>(query: Compilable<Row>): readonly Row[]
  /** The number that a pragma says. */
  pragma(name: string): number
  /** The bytes of a page of the file as this connection sees it; `undefined` past the end. */
  page(no: number): Uint8Array | undefined
  /** Replaces a page, as part of a transaction like any other write. */
  writePage(no: number, bytes: Uint8Array): void
  /** Rewrites an older file so that freed space can be given back piece by piece; left as it is where the disk has no room or others write. */
  makeShrinkable(): void
  /** Moves the log into the file and cuts it to nothing; false where another connection still reads from it. */
  emptyLog(): boolean
  /** Runs work as one write transaction: all or nothing. The work must not wait for anything. */
  transaction<T>(work: () => T): T
  /** Rolls back what was begun with `exec`, unless SQLite did so itself, as on a full disk. */
  rollback(): void
  /** Moves the log of writes into the file, where nobody reads it, and closes. */
  close(): void
}

/** Seconds that a writer waits for another process's transaction. */
const busySeconds = 10

/** Opens the file and sets what acknowledged writes need: WAL, a sync at every commit, foreign keys. */
export function openLibsqlConnection(path: string, options: { readonly create: boolean }): LibsqlConnection {
  if (!options.create && !existsSync(path)) throw appError('store.missing', { file: path })
  const database = guarded(path, () => {
    const opened = new Database(path)
    opened.exec(`PRAGMA busy_timeout = ${busySeconds * 1000}`)
    // A file that has tables keeps to what it has: freed space is used again but not given back.
    if (pragma(opened, 'page_count') === 0) opened.exec('PRAGMA auto_vacuum = INCREMENTAL')
    opened.prepare('PRAGMA journal_mode = WAL').all()
    opened.exec('PRAGMA secure_delete = ON')
    opened.exec('PRAGMA synchronous = FULL')
    opened.exec('PRAGMA foreign_keys = ON')
    opened.exec('PRAGMA cache_size = -32768')
    opened.exec('PRAGMA wal_autocheckpoint = 8000')
    opened.exec('PRAGMA temp_store = MEMORY')
    return opened
  })
  const statement = statementCache(path, database)
  return {
    path,
    queries: new Kysely<StoreTables>({
      dialect: new SqliteDialect({ database: kyselyDatabase(path, database) }),
    }),
    exec: (sql) => guarded(path, () => void database.exec(sql)),
    statement,
    run: (query) => {
      const { sql, parameters } = query.compile()
      return statement(sql).run(parameters)
    },
    all: <Row>(query: Compilable<Row>) => {
      const { sql, parameters } = query.compile()
      return statement(sql).all(parameters) as readonly Row[]
    },
    pragma: (name) => guarded(path, () => pragma(database, name)),
    page: (no) => guarded(path, () => readPage(database, no)),
    writePage: (no, bytes) =>
      guarded(path, () => {
        database.prepare('UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?').run(Buffer.from(bytes), no)
      }),
    makeShrinkable: () => guarded(path, () => makeShrinkable(database)),
    emptyLog: () => guarded(path, () => emptyLog(database)),
    transaction: (work) => guarded(path, () => inTransaction(database, work)),
    rollback: () => rollback(database),
    close: () => {
      try {
        database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
      } catch (cause) {
        // On a full disk the log stays beside the file and goes on holding what is kept.
        if (errorCodeOf(cause) !== 'SQLITE_FULL') throw storeError(path, cause)
      } finally {
        database.close()
      }
    },
  }
}

function pragma(database: Database.Database, name: string): number {
  const [row] = database.prepare(`PRAGMA ${name}`).all() as readonly (object | undefined)[]
  return Number(row ? Object.values(row)[0] : Number.NaN)
}

function readPage(database: Database.Database, no: number): Uint8Array | undefined {
  const [row] = database.prepare('SELECT data FROM sqlite_dbpage WHERE pgno = ?').all(no)
  const [data] = typeof row === 'object' && row !== null ? Object.values(row) : []
  return isBytes(data) ? new Uint8Array(data) : undefined
}

function makeShrinkable(database: Database.Database): void {
  database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  try {
    database.exec('VACUUM')
  } catch (cause) {
    // Such a file uses freed space again; it only does not get smaller.
    if (!/^SQLITE_(FULL|BUSY)/.test(errorCodeOf(cause) ?? '')) throw cause
  }
}

function emptyLog(database: Database.Database): boolean {
  const wait = pragma(database, 'busy_timeout')
  database.exec('PRAGMA busy_timeout = 0')
  try {
    return pragma(database, 'wal_checkpoint(TRUNCATE)') === 0
  } finally {
    database.exec(`PRAGMA busy_timeout = ${wait}`)
  }
}

/** Runs `attempt` and turns what libsql throws into an error of the table. */
function guarded<T>(path: string, attempt: () => T): T {
  try {
    return attempt()
  } catch (cause) {
    throw storeError(path, cause)
  }
}

/** The error of the table for what libsql threw; anything else comes back as it is. */
export function storeError(file: string, cause: unknown): unknown {
  const code = errorCodeOf(cause) ?? ''
  const problem = cause instanceof Error ? cause.message : String(cause)
  if (code === 'SQLITE_FULL') return appError('disk.full', { file }, cause)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return appError('store.busy', { file, seconds: busySeconds }, cause)
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return appError('store.corrupt', { file, problem }, cause)
  if (/^SQLITE_(IOERR|READONLY|CANTOPEN|PERM|AUTH)/.test(code) || problem.startsWith('ConnectionFailed'))
    return unusable(file, problem, cause)
  return cause
}

function unusable(file: string, problem: string, cause: unknown): AppError {
  const plain = /^ConnectionFailed\("(.*)"\)$/.exec(problem)?.[1] ?? problem
  return appError('store.unusable', { file, problem: plain }, cause)
}

function inTransaction<T>(database: Database.Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (cause) {
    rollback(database)
    throw cause
  }
}

function rollback(database: Database.Database): void {
  if (database.inTransaction) database.exec('ROLLBACK')
}

function statementCache(path: string, database: Database.Database): (sql: string) => LibsqlStatement {
  const prepared = new Map<string, LibsqlStatement>()
  return (sql) => {
    const known = prepared.get(sql)
    if (known) return known
    const native = guarded(path, () => database.prepare(sql))
    const statement: LibsqlStatement = {
      run: (values) => guarded(path, () => native.run(values.map(bindable)).changes),
      all: (values) => guarded(path, () => native.all(values.map(bindable)).map(readable)),
    }
    prepared.set(sql, statement)
    return statement
  }
}

/** What Kysely takes for a better-sqlite3 database. */
function kyselyDatabase(path: string, database: Database.Database): SqliteDatabase {
  return {
    close: () => undefined,
    prepare: (sql) => {
      const native = guarded(path, () => database.prepare(sql))
      const bound = (values: readonly unknown[]): unknown[] => values.map(bindable)
      return {
        reader: native.reader,
        run: (values) => guarded(path, () => native.run(bound(values))),
        all: (values) => guarded(path, () => native.all(bound(values)).map(readable)),
        iterate: (values) => native.iterate(bound(values)),
      }
    },
  }
}

/** libsql cuts a text at its first NUL and aborts the process at a boolean: the one goes in as bytes, the other as 0 or 1. */
function bindable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? Buffer.from(value, 'utf8') : value
  if (typeof value === 'boolean') return value ? 1 : 0
  return value
}

/** The store has no column of bytes, so bytes (an ArrayBuffer, in libsql) are a text that holds a NUL. */
function readable(row: unknown): unknown {
  if (typeof row !== 'object' || row === null || !Object.values(row).some(isBytes)) return row
  const decoded = Object.entries(row).map(([name, value]) => [name, isBytes(value) ? textOf(value) : value])
  return Object.fromEntries(decoded)
}

function isBytes(value: unknown): value is ArrayBuffer | Uint8Array {
  return value instanceof ArrayBuffer || value instanceof Uint8Array
}

function textOf(bytes: ArrayBuffer | Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
