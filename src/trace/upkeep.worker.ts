/** The thread that removes rows from a store that another thread serves from, on a connection of its own, and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { AppError, assert, type ErrorCode } from '../base/errors.ts'
import { openLibsqlStore } from './libsql-store.ts'
import type { Removal, Removed, Store } from './store.ts'

export interface UpkeepData {
  readonly storeFile: string
  readonly work:
    | { readonly kind: 'remove'; readonly which: Removal }
    | { readonly kind: 'shrink'; readonly sizeBytes: number }
}

export type UpkeepOutcome =
  | { readonly kind: 'removed'; readonly removed: Removed }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode | undefined
      readonly message: string
      readonly details: AppError['details']
    }

function work({ upkeep }: Store, todo: UpkeepData['work']): Promise<Removed> {
  return todo.kind === 'remove' ? upkeep.remove(todo.which) : upkeep.shrinkTo(todo.sizeBytes)
}

async function outcomeOf(data: UpkeepData): Promise<UpkeepOutcome> {
  try {
    const store = await openLibsqlStore({ path: data.storeFile })
    try {
      return { kind: 'removed', removed: await work(store, data.work) }
    } finally {
      await store.close()
    }
  } catch (cause) {
    const { code, details } = cause instanceof AppError ? cause : { code: undefined, details: {} }
    return { kind: 'failed', code, details, message: cause instanceof Error ? cause.message : String(cause) }
  }
}

assert(parentPort, 'the removal of rows runs as a worker thread')
parentPort.postMessage(await outcomeOf(workerData as UpkeepData))
