/** The thread that keeps calls: it alone writes to the store of a gateway, masks and meters. */
import { parentPort, workerData } from 'node:worker_threads'
import { AppError, assert } from '../base/errors.ts'
import type { PriceTable } from '../meter/prices.ts'
import { type PackedCalls, unpackCalls } from './call-batch.ts'
import { callKeeping } from './keep-call.ts'
import { openLibsqlStore } from './libsql-store.ts'
import type { Store } from './store.ts'

export interface KeeperData {
  readonly storeFile: string
  readonly prices: PriceTable
  /** Of a busy CPU, for the energy of local answers. */
  readonly wattsPerCpu: number
}

export type ToKeeper =
  | { readonly kind: 'keep'; readonly batch: number; readonly values: PackedCalls }
  | { readonly kind: 'prices'; readonly prices: PriceTable }
  | { readonly kind: 'close' }

/** An error as it passes between threads. */
export interface KeeperProblem {
  readonly code?: string
  readonly message: string
  readonly details: Readonly<Record<string, string | number>>
  readonly retryable: boolean
}

export type FromKeeper =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly problem: KeeperProblem }
  | { readonly kind: 'kept'; readonly batch: number }
  | { readonly kind: 'failed'; readonly batch: number; readonly problem: KeeperProblem }
  | { readonly kind: 'closed'; readonly problem?: KeeperProblem }

function problemOf(cause: unknown): KeeperProblem {
  if (cause instanceof AppError) {
    const { code, message, details } = cause
    const passes = code === 'disk.full' || code === 'store.busy' || code === 'store.unusable'
    return { code, message, details, retryable: passes }
  }
  return { message: cause instanceof Error ? cause.message : String(cause), details: {}, retryable: false }
}

async function keepCalls(): Promise<void> {
  assert(parentPort, 'the recorder runs as a worker thread')
  const port = parentPort
  const tell = (message: FromKeeper): void => port.postMessage(message)
  const { storeFile, ...given } = workerData as KeeperData
  let { prices } = given
  const keeping = callKeeping(given)
  let store: Store
  try {
    store = await openLibsqlStore({ path: storeFile })
  } catch (cause) {
    tell({ kind: 'unusable', problem: problemOf(cause) })
    return
  }
  port.on('message', (message: ToKeeper) => {
    if (message.kind === 'keep') void keep(message)
    else if (message.kind === 'prices') prices = message.prices
    else void close()
  })
  const keep = async ({ batch, values }: Extract<ToKeeper, { kind: 'keep' }>): Promise<void> => {
    try {
      await store.calls.append(await keeping.keptCalls(unpackCalls(values), prices))
      tell({ kind: 'kept', batch })
    } catch (cause) {
      tell({ kind: 'failed', batch, problem: problemOf(cause) })
    }
  }
  const close = async (): Promise<void> => {
    port.removeAllListeners('message')
    try {
      await store.close()
      tell({ kind: 'closed' })
    } catch (cause) {
      tell({ kind: 'closed', problem: problemOf(cause) })
    }
    port.close()
  }
  tell({ kind: 'ready' })
}

await keepCalls()
