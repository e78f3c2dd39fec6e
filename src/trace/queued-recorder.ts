/** The recorder's queue at work: batches go to the thread that keeps them, come back refused, and are tried again or given up. */
import { AppError, appError, type ErrorCode, errorTable } from '../base/errors.ts'
import type { PriceTable } from '../meter/prices.ts'
import type { Call } from '../wire/call.ts'
import type { KeepPolicy } from './call-batch.ts'
import { type Batch, CallQueue, type Waiter } from './call-queue.ts'
import type { Recorder, RecorderCounters, RecorderOptions } from './recorder.ts'
import type { FromKeeper, KeeperProblem, ToKeeper } from './recorder.worker.ts'

/** A thread that keeps calls; tests give one of their own. */
export interface Keeper {
  post(message: ToKeeper): void
  terminate(): Promise<unknown>
}

export type StartKeeper = (
  on: {
    readonly message: (message: FromKeeper) => void
    readonly end: (cause: unknown) => void
  },
  prices: PriceTable,
) => Keeper

/** What {@link RecorderOptions} leaves out. */
export const recorderDefaults = {
  maxQueuedCalls: 50_000,
  maxQueuedUnits: 64_000_000,
  gatherMs: 4,
  graceMs: 10_000,
} as const
/** Batches with the thread at once: one is written while the next is on its way. */
const mostInFlight = 2
/** Times that a refused batch is tried again, and milliseconds before each. */
const retryDelaysMs = [100, 300, 1000, 2000, 4000, 8000] as const
const mostDeaths = 3
const slowestRestartMs = 5000
const problemEveryMs = 5000
const closeWithinMs = 5000

/** Options with the defaults filled in. */
export type RecorderSettings = Required<Omit<RecorderOptions, 'policyOf' | 'onProblem' | 'wattsPerCpu'>> &
  RecorderOptions

export class QueuedRecorder implements Recorder {
  readonly #settings: RecorderSettings
  #prices: PriceTable
  readonly #startKeeper: StartKeeper
  readonly #queue: CallQueue
  readonly #inFlight = new Map<number, Batch>()
  readonly #told = new Map<string, number>()
  #counts = { taken: 0, kept: 0, notKept: 0, retries: 0, restarts: 0 }
  #keeper: Keeper | undefined
  #state: 'starting' | 'running' | 'down' | 'closed' = 'starting'
  #endedInARow = 0
  #looseWaitsUntilMs = 0
  #gathering: NodeJS.Timeout | undefined
  #strictScheduled = false
  #idle: (() => void)[] = []
  #unusable: Error | undefined
  #onStarted: { readonly resolve: () => void; readonly reject: (cause: unknown) => void } | undefined
  #onClosed: (() => void) | undefined

  constructor(settings: RecorderSettings, startKeeper: StartKeeper) {
    this.#settings = settings
    this.#prices = settings.prices
    this.#startKeeper = startKeeper
    this.#queue = new CallQueue({ maxCalls: settings.maxQueuedCalls, maxUnits: settings.maxQueuedUnits })
  }

  get counters(): RecorderCounters {
    return { ...this.#counts, queued: this.#queue.calls }
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onStarted = { resolve, reject }
      this.#startThread()
    })
  }

  record(call: Call): void {
    if (!this.#take(call, undefined) || this.#gathering) return
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined
      this.#queue.seal(false)
      this.#pump()
    }, this.#settings.gatherMs)
  }

  recordDurably(call: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#take(call, { resolve, reject })) {
        reject(this.#refusal())
        return
      }
      if (this.#strictScheduled) return
      this.#strictScheduled = true
      setImmediate(() => {
        this.#strictScheduled = false
        this.#queue.seal(true)
        this.#pump()
      })
    })
  }

  reprice(prices: PriceTable): void {
    this.#prices = prices
    this.#keeper?.post({ kind: 'prices', prices })
  }

  async flush(): Promise<void> {
    this.#queue.seal(true)
    this.#queue.seal(false)
    this.#pump()
    if (this.#queue.calls > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    await Promise.race([this.flush(), wait(this.#settings.graceMs)])
    this.#state = 'closed'
    clearTimeout(this.#gathering)
    for (const batch of [...this.#inFlight.values(), ...this.#queue.takeAll({ strictOnly: false })])
      this.#giveUp(batch, notKept('the gateway was stopped'))
    this.#inFlight.clear()
    const closed = new Promise<void>((resolve) => {
      this.#onClosed = resolve
    })
    this.#keeper?.post({ kind: 'close' })
    if (this.#keeper) await Promise.race([closed, wait(closeWithinMs)])
    await this.#keeper?.terminate()
  }

  #take(call: Call, waiter: Waiter | undefined): boolean {
    this.#counts.taken++
    const policy = (call.task !== undefined && this.#settings.policyOf?.(call.task)) || masked
    if (this.#state !== 'closed' && this.#queue.push(call, policy, waiter)) return true
    this.#counts.notKept++
    this.#tell('full', this.#refusal())
    return false
  }

  #refusal(): AppError {
    const isClosed = this.#state === 'closed'
    return notKept(
      isClosed ? 'the recorder is closed' : `the queue is full (${this.#queue.calls} calls wait)`,
    )
  }

  #pump(): void {
    // After the thread ended over something, one batch at a time shows over which.
    const most = this.#endedInARow > 0 ? 1 : mostInFlight
    while (this.#state === 'running' && this.#inFlight.size < most) {
      const batch = this.#queue.next({ strictOnly: performance.now() < this.#looseWaitsUntilMs })
      if (!batch) break
      this.#inFlight.set(batch.id, batch)
      this.#keeper?.post({ kind: 'keep', batch: batch.id, values: batch.values })
    }
    if (this.#queue.calls > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #startThread(): void {
    this.#state = 'starting'
    this.#keeper = this.#startKeeper(
      {
        message: (message) => this.#hear(message),
        end: (cause) => this.#threadEnded(cause),
      },
      this.#prices,
    )
  }

  #hear(message: FromKeeper): void {
    switch (message.kind) {
      case 'ready':
        if (this.#state !== 'closed') this.#state = 'running'
        this.#onStarted?.resolve()
        this.#onStarted = undefined
        this.#pump()
        return
      case 'unusable':
        this.#unusable = errorOf(message.problem)
        return
      case 'kept':
        this.#endedInARow = 0
        this.#settleInFlight(message.batch, (batch) => this.#kept(batch))
        return
      case 'failed':
        this.#settleInFlight(message.batch, (batch) => this.#refused(batch, message.problem))
        return
      case 'closed':
        if (message.problem) this.#tell('close', errorOf(message.problem))
        this.#onClosed?.()
    }
  }

  #settleInFlight(id: number, act: (batch: Batch) => void): void {
    const batch = this.#inFlight.get(id)
    if (batch) {
      this.#inFlight.delete(id)
      act(batch)
    }
    this.#pump()
  }

  #kept(batch: Batch): void {
    this.#counts.kept += batch.calls
    this.#queue.settle(batch)
    for (const { resolve } of batch.waiters) resolve()
  }

  #giveUp(batch: Batch, cause: Error): void {
    this.#counts.notKept += batch.calls
    this.#queue.settle(batch)
    for (const { reject } of batch.waiters) reject(cause)
  }

  #refused(batch: Batch, problem: KeeperProblem): void {
    const cause = notKept(problem.message, errorOf(problem))
    this.#tell(problem.code ?? 'unknown', cause)
    const delayMs = retryDelaysMs[batch.failures]
    if (batch.isStrict) this.#giveUp(batch, cause)
    else if (!problem.retryable && batch.calls > 1) this.#queue.putBackHalves(batch)
    else if (!problem.retryable || delayMs === undefined) this.#giveUp(batch, cause)
    else {
      this.#counts.retries++
      this.#queue.putBack({ ...batch, failures: batch.failures + 1 })
      this.#looseWaitsUntilMs = performance.now() + delayMs
      setTimeout(() => this.#pump(), delayMs + 1)
    }
  }

  #threadEnded(cause: unknown): void {
    this.#onClosed?.()
    if (this.#state === 'closed') return
    this.#keeper = undefined
    const problem = this.#unusable ?? (cause instanceof Error ? cause : new Error(String(cause)))
    this.#unusable = undefined
    if (this.#onStarted) {
      this.#state = 'closed'
      this.#onStarted.reject(problem)
      return
    }
    const neverRan = this.#state === 'starting'
    this.#state = 'down'
    this.#tell('thread', problem)
    this.#counts.restarts++
    const lost = [...this.#inFlight.values()]
    this.#inFlight.clear()
    for (const batch of lost.reverse()) this.#afterDeath(batch, problem)
    if (neverRan)
      for (const batch of this.#queue.takeAll({ strictOnly: true }))
        this.#giveUp(batch, notKept(problem.message, problem))
    setTimeout(
      () => this.#state === 'down' && this.#startThread(),
      Math.min(slowestRestartMs, 100 * 2 ** this.#endedInARow++),
    )
  }

  /** Whether the batch was written is not known: who waits is told it was not; the rest is sent again, which is harmless. */
  #afterDeath(batch: Batch, problem: Error): void {
    if (batch.isStrict || batch.deaths + 1 >= mostDeaths)
      this.#giveUp(batch, notKept(problem.message, problem))
    else this.#queue.putBack({ ...batch, deaths: batch.deaths + 1 })
  }

  #tell(kind: string, problem: Error): void {
    const now = performance.now()
    if (now - (this.#told.get(kind) ?? Number.NEGATIVE_INFINITY) < problemEveryMs) return
    this.#told.set(kind, now)
    this.#settings.onProblem?.(problem)
  }
}

const masked: KeepPolicy = Object.freeze({ masked: true })

function notKept(problem: string, cause?: unknown): AppError {
  return appError('store.not-kept', { problem }, cause)
}

/** An error that came from the thread. */
function errorOf({ code, message, details }: KeeperProblem): Error {
  return isErrorCode(code) ? new AppError(code, message, details) : new Error(message)
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(errorTable, code)
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
