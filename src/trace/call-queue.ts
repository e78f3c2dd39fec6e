/** Calls waiting to be kept, in batches: those that somebody waits for, and those that nobody does. Bounded by count and size. */
import type { Call } from '../wire/call.ts'
import { type KeepPolicy, type PackedCalls, packCall, slots } from './call-batch.ts'

/** Who waits for a call to be kept. */
export interface Waiter {
  readonly resolve: () => void
  readonly reject: (cause: Error) => void
}

/** Calls that are written in one transaction. */
export interface Batch {
  readonly id: number
  readonly isStrict: boolean
  readonly values: PackedCalls
  readonly waiters: readonly Waiter[]
  readonly calls: number
  readonly units: number
  /** How often it was refused, and how often the thread ended over it. */
  readonly failures: number
  readonly deaths: number
}

export interface QueueLimits {
  readonly maxCalls: number
  /** UTF-16 units of bodies. */
  readonly maxUnits: number
}

interface OpenBatch {
  values: PackedCalls
  waiters: Waiter[]
  calls: number
  units: number
}

/** Calls and units from which a batch takes no more: a transaction of some milliseconds. */
const batchCalls = 256
const batchUnits = 2_000_000
/** What a call weighs besides its bodies. */
const unitsOfCall = 300

const emptyBatch = (): OpenBatch => ({ values: [], waiters: [], calls: 0, units: 0 })

export class CallQueue {
  /** Calls that are neither kept nor given up, those being written included. */
  calls = 0
  units = 0
  readonly #limits: QueueLimits
  #lastId = 0
  #open = { strict: emptyBatch(), loose: emptyBatch() }
  #ready: { strict: Batch[]; loose: Batch[] } = { strict: [], loose: [] }

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Takes a call; false where the queue is full. */
  push(call: Call, policy: KeepPolicy, waiter: Waiter | undefined): boolean {
    const units = unitsOfCall + (call.request?.length ?? 0) + (call.response?.length ?? 0)
    if (this.calls + 1 > this.#limits.maxCalls || this.units + units > this.#limits.maxUnits) return false
    const open = waiter ? this.#open.strict : this.#open.loose
    packCall(open.values, call, policy)
    if (waiter) open.waiters.push(waiter)
    open.calls++
    open.units += units
    this.calls++
    this.units += units
    if (open.calls >= batchCalls || open.units >= batchUnits) this.seal(waiter !== undefined)
    return true
  }

  /** Ends the batch that is being filled, so that it can be taken. */
  seal(isStrict: boolean): void {
    const name = isStrict ? 'strict' : 'loose'
    const open = this.#open[name]
    if (open.calls === 0) return
    this.#open[name] = emptyBatch()
    this.#ready[name].push({ id: ++this.#lastId, isStrict, ...open, failures: 0, deaths: 0 })
  }

  /** The next batch, those that somebody waits for first. */
  next(options: { readonly strictOnly: boolean }): Batch | undefined {
    return this.#ready.strict.shift() ?? (options.strictOnly ? undefined : this.#ready.loose.shift())
  }

  /** Puts a batch back to the front, to be tried again. */
  putBack(batch: Batch): void {
    this.#ready[batch.isStrict ? 'strict' : 'loose'].unshift(batch)
  }

  /** Puts a batch that nobody waits for back as two halves, to find the call that cannot be written. */
  putBackHalves(batch: Batch): void {
    const half = batch.calls >> 1
    const part = (values: PackedCalls, calls: number): Batch => ({
      ...{ ...batch, id: ++this.#lastId, values, calls },
      units: (batch.units * calls) / batch.calls,
    })
    const cut = half * slots
    this.putBack(part(batch.values.slice(cut), batch.calls - half))
    this.putBack(part(batch.values.slice(0, cut), half))
  }

  /** Forgets a batch that is kept or given up. */
  settle(batch: Batch): void {
    this.calls -= batch.calls
    this.units -= batch.units
  }

  /** Takes out all batches that wait: those that somebody waits for, or all. */
  takeAll(options: { readonly strictOnly: boolean }): readonly Batch[] {
    this.seal(true)
    if (!options.strictOnly) this.seal(false)
    const all = options.strictOnly ? this.#ready.strict : [...this.#ready.strict, ...this.#ready.loose]
    this.#ready = { strict: [], loose: options.strictOnly ? this.#ready.loose : [] }
    return all
  }
}
