/** The default store: one SQLite file through libsql, written to survive a power cut, its queries built by Kysely. */
import { resolve } from 'node:path'
import { Migrator } from 'kysely/migration'
import { type Clock, systemClock } from '../base/clock.ts'
import { appError } from '../base/errors.ts'
import { countCalls, getCall, iterateCalls } from './calls.ts'
import { iterateChecks, putCheck } from './checks.ts'
import { getCorrection, iterateCorrections, putCorrection } from './corrections.ts'
import { countExamples, iterateExamples } from './examples.ts'
import { prepareInserts } from './inserts.ts'
import { listKeys, putKey } from './keys.ts'
import { ledgerGroups, ledgerTotals, spentUsd } from './ledger.ts'
import { type LibsqlConnection, openLibsqlConnection, storeError } from './libsql-connection.ts'
import { migrations, storeVersion } from './migrations.ts'
import { stageImport } from './staged-import.ts'
import type { Store } from './store.ts'
import { getTask, listTasks, putTask, tasksStamp } from './tasks.ts'
import { listTrainings, putTraining } from './trainings.ts'
import { removeRows, shrinkStore, storeBytes } from './upkeep.ts'

/** "SHOL", what says that a SQLite file is a store of Shoal. */
const applicationId = 0x53484f4c

export interface OpenLibsqlStoreOptions {
  /** The database file; its folder must exist. */
  readonly path: string
  /** True: the file must exist and nothing can be written through this store (an older file is still brought up to date). */
  readonly readonly?: boolean
  readonly clock?: Clock
}

/**
 * Opens or makes a store and brings its tables up to date.
 * Throws `store.newer`, `store.corrupt`, `store.unusable`, `store.busy`, `store.missing` or `disk.full`.
 */
export async function openLibsqlStore(options: OpenLibsqlStoreOptions): Promise<Store> {
  const connection = openLibsqlConnection(options.path, { create: options.readonly !== true })
  try {
    await oneAtATime(resolve(options.path), () => bringUpToDate(connection))
    if (options.readonly) connection.exec('PRAGMA query_only = ON')
  } catch (cause) {
    connection.close()
    throw storeError(options.path, cause)
  }
  return libsqlStore(connection, options.clock ?? systemClock)
}

function libsqlStore(connection: LibsqlConnection, clock: Clock): Store {
  const { queries } = connection
  const inserts = prepareInserts(connection)
  return {
    tasks: {
      get: (id) => getTask(queries, id),
      list: () => listTasks(queries),
      stamp: () => tasksStamp(queries),
      put: (task) => putTask(queries, task, clock),
    },
    calls: {
      append: async (calls) => connection.transaction(() => inserts.calls(calls, 0)),
      get: (id) => getCall(queries, id),
      count: (filter) => countCalls(queries, filter),
      iterate: (filter) => iterateCalls(queries, filter),
    },
    examples: {
      stage: async (task, source) => stageImport({ connection, inserts, clock }, task, source),
      count: (task) => countExamples(queries, task),
      iterate: (task) => iterateExamples(queries, task),
    },
    ledger: {
      totals: (filter) => ledgerTotals(queries, filter),
      groups: (by, filter) => ledgerGroups(queries, by, filter),
      spentUsd: (key, sinceMs, untilMs) => spentUsd(queries, key, { sinceMs, untilMs }),
    },
    corrections: {
      put: (correction) => putCorrection(queries, correction),
      get: (call) => getCorrection(queries, call),
      iterate: (task) => iterateCorrections(queries, task),
    },
    checks: {
      put: (check) => putCheck(queries, check),
      iterate: (specialist, options) => iterateChecks(queries, specialist, options),
    },
    keys: { list: () => listKeys(queries), put: (key) => putKey(queries, key) },
    trainings: {
      put: (cost) => putTraining(queries, cost),
      list: (task) => listTrainings(queries, task),
    },
    upkeep: {
      remove: (which) => removeRows({ connection, clock }, which),
      sizeBytes: () => storeBytes(connection.path),
      shrinkTo: (sizeBytes) => shrinkStore({ connection, clock }, sizeBytes),
    },
    close: async () => connection.close(),
  }
}

/** Openings that go on in this thread, by file. */
const openings = new Map<string, Promise<unknown>>()

/** Waiting for another connection's transaction stops this thread, so a second one of this thread must not begin before the first ends. */
async function oneAtATime(path: string, work: () => Promise<void>): Promise<void> {
  const before = openings.get(path)
  const own = (before ?? Promise.resolve()).catch(() => undefined).then(work)
  openings.set(path, own)
  try {
    await own
  } finally {
    if (openings.get(path) === own) openings.delete(path)
  }
}

/** Checks whose file it is and of which version, then takes the missing steps. */
async function bringUpToDate(connection: LibsqlConnection): Promise<void> {
  const version = checkedVersion(connection)
  if (version === storeVersion) return
  await takeSteps(connection)
  if (version > 0) connection.makeShrinkable()
}

/** The missing steps in one transaction. */
async function takeSteps(connection: LibsqlConnection): Promise<void> {
  connection.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have done it while this one waited for the lock.
    if (checkedVersion(connection) < storeVersion) {
      const provider = { getMigrations: async () => ({ ...migrations }) }
      const { error } = await new Migrator({ db: connection.queries, provider }).migrateToLatest()
      if (error) throw error
      connection.exec(`PRAGMA user_version = ${storeVersion}`)
      connection.exec(`PRAGMA application_id = ${applicationId}`)
    }
    connection.exec('COMMIT')
  } catch (cause) {
    connection.rollback()
    throw cause
  }
}

function checkedVersion(connection: LibsqlConnection): number {
  const file = connection.path
  const version = connection.pragma('user_version')
  const owner = connection.pragma('application_id')
  const [first] = connection.statement('SELECT name FROM sqlite_master LIMIT 1').all([])
  if (first !== undefined && owner !== applicationId)
    throw appError('store.corrupt', { file, problem: 'it is a database of another program' })
  if (version > storeVersion) throw appError('store.newer', { file, got: version, expected: storeVersion })
  return version
}
