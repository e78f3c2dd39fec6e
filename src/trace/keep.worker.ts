/** The thread that removes what is not kept any longer, on a connection of its own, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../base/errors.ts'
import { applyKeepRules, type KeepRules } from './keep-rules.ts'
import { openLibsqlStore } from './libsql-store.ts'

export interface KeepData {
  readonly storeFile: string
  readonly rules: KeepRules
}

assert(parentPort, 'the keeping of calls runs as a worker thread')
const { storeFile, rules } = workerData as KeepData
const store = await openLibsqlStore({ path: storeFile })
try {
  parentPort.postMessage(await applyKeepRules(store, rules, Date.now()))
} finally {
  await store.close()
}
