/**
 * Keeps calls for a gateway in group commits on a thread of its own, at most some milliseconds late.
 * The queue is bounded; whatever cannot be kept is counted and reported, and nothing here stops the gateway.
 */
import type { TaskId } from '../base/ids.ts'
import { startWorker } from '../base/worker.ts'
import { defaultWattsPerCpu } from '../meter/energy.ts'
import type { PriceTable } from '../meter/prices.ts'
import type { Call } from '../wire/call.ts'
import type { KeepPolicy } from './call-batch.ts'
import { QueuedRecorder, recorderDefaults, type StartKeeper } from './queued-recorder.ts'
import type { KeeperData } from './recorder.worker.ts'

export interface Recorder {
  /** Keeps a call soon; what cannot be kept is counted. */
  record(call: Call): void
  /** Resolves when the call would survive a power cut; rejects with `store.not-kept`. */
  recordDurably(call: Call): Promise<void>
  /** Calls that are kept from now on are priced by this table. */
  reprice(prices: PriceTable): void
  /** Resolves when all that was recorded before is kept, or counted as not kept. */
  flush(): Promise<void>
  /** Numbers of calls since the start, of restarts of the thread, and of those waiting now. */
  readonly counters: RecorderCounters
  /** Keeps what is queued, for `graceMs` at most, and ends the thread. */
  close(): Promise<void>
}

export type RecorderCounters = {
  readonly [name in 'taken' | 'kept' | 'notKept' | 'queued' | 'retries' | 'restarts']: number
}

export interface RecorderOptions {
  readonly storeFile: string
  readonly prices: PriceTable
  /** Of a busy CPU, for the energy of local answers. */
  readonly wattsPerCpu?: number
  /** What a task says about keeping its calls; calls of no task are masked. */
  readonly policyOf?: (task: TaskId) => KeepPolicy
  /** Told of every trouble, each kind at most once in some seconds. */
  readonly onProblem?: (problem: Error) => void
  /** Calls and UTF-16 units of bodies that may wait. */
  readonly maxQueuedCalls?: number
  readonly maxQueuedUnits?: number
  /** How long calls are gathered before they are written together. */
  readonly gatherMs?: number
  /** How long `close` goes on trying. */
  readonly graceMs?: number
}

/** Starts the thread and opens the store in it; throws what opening the store throws. */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  return startRecorderWith(options, (on, prices) => {
    const { storeFile, wattsPerCpu = defaultWattsPerCpu } = options
    const data: KeeperData = { storeFile, prices, wattsPerCpu }
    const worker = startWorker(new URL('./recorder.worker.ts', import.meta.url), { data, name: 'recorder' })
    let cause: unknown
    worker.on('message', on.message)
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => on.end(cause ?? new Error(`the thread ended with code ${code}`)))
    return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() }
  })
}

/** The same with a thread of the caller's. */
export async function startRecorderWith(options: RecorderOptions, start: StartKeeper): Promise<Recorder> {
  const recorder = new QueuedRecorder({ ...recorderDefaults, ...options }, start)
  await recorder.start()
  return recorder
}
