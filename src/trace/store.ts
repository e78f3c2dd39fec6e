/** The store of calls, examples, tasks and ledger rows, as a narrow interface; one contract suite runs on each driver. */
import type { CallId, TaskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { LedgerRow } from '../meter/ledger-row.ts'
import type { Task } from '../task/types.ts'
import type { Call } from '../wire/call.ts'

/** A call and its ledger row are kept in one transaction. */
export interface KeptCall {
  readonly call: Call
  readonly ledger: LedgerRow
}

export interface CallFilter {
  readonly task?: TaskId
  readonly sinceMs?: number
  readonly limit?: number
  /** Only calls that the upstream answered with success. */
  readonly answeredByUpstream?: boolean
}

export interface LedgerTotals {
  readonly calls: number
  readonly local: number
  /** Calls whose cost or saving is not known; they are missing from the sums of money. */
  readonly unpriced: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly costUsd: number
  readonly avoidedUsd: number
  readonly cpuMs: number
}

/** Examples and calls that are being imported: written in small transactions, visible in one, or gone. */
export interface StagedImport {
  add(examples: readonly Example[]): Promise<void>
  /** The logged calls that examples came from; a call whose id is already kept is not stored twice. */
  addCalls(calls: readonly KeptCall[]): Promise<void>
  /** Makes all of them visible at once; says how many examples were new (an input and output already there is not stored twice). */
  commit(): Promise<{ readonly added: number; readonly repeated: number }>
  abort(): Promise<void>
}

export interface Store {
  readonly tasks: {
    get(id: TaskId): Promise<Task | undefined>
    list(): Promise<readonly Task[]>
    put(task: Task): Promise<void>
  }
  readonly calls: {
    /** Keeps calls durably, all or none; resolves when they would survive a power cut. */
    append(calls: readonly KeptCall[]): Promise<void>
    get(id: CallId): Promise<Call | undefined>
    count(filter?: CallFilter): Promise<number>
    /** In order of time, in bounded memory. */
    iterate(filter?: CallFilter): AsyncIterable<Call>
  }
  readonly examples: {
    stage(task: TaskId, source: string): Promise<StagedImport>
    count(task: TaskId): Promise<number>
    iterate(task: TaskId): AsyncIterable<Example>
  }
  readonly ledger: {
    totals(filter?: Pick<CallFilter, 'task' | 'sinceMs'>): Promise<LedgerTotals>
  }
  close(): Promise<void>
}
