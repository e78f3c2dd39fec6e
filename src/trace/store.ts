/** The store of calls, examples, tasks and ledger rows, as a narrow interface; one contract suite runs on each driver. */
import type { Sha256 } from '../base/hash.ts'
import type { CallId, SpecialistId, TaskId } from '../base/ids.ts'
import type { Example } from '../data/example.ts'
import type { EnergySource, JoulesRange } from '../meter/energy.ts'
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
  /** True: only audits; false: none of them. */
  readonly audits?: boolean
  /** As in {@link Call.endUser}. */
  readonly endUser?: string
}

/** A person's right answer for a call, as the upstream would have written it. */
export interface Correction {
  readonly call: CallId
  readonly task?: TaskId
  readonly atMs: number
  readonly output: string
}

/** Whether a locally answered call was found wrong, by an audit or a person's correction. */
export interface Check {
  readonly call: CallId
  readonly task: TaskId
  readonly specialist: SpecialistId
  readonly atMs: number
  readonly source: 'audit' | 'correction'
  readonly wrong: boolean
  /** 0..1, share of the answer's parts that are wrong, for tasks that promise by parts; absent: 1 where wrong, else 0. */
  readonly loss?: number
  /** Probability with which the call was chosen for checking; absent for corrections. */
  readonly chosenWith?: number
}

/** A key that clients or administrators show; only its digest is kept. */
export interface KeyRecord {
  readonly id: string
  readonly name: string
  readonly digest: Sha256
  readonly scope: 'calls' | 'admin'
  /** Tasks that calls with this key may be of; absent: all, and calls of no task. */
  readonly tasks?: readonly TaskId[]
  readonly callsPerMinute?: number
  /** US dollars that may be spent upstream in a calendar month, UTC. */
  readonly usdPerMonth?: number
  readonly createdMs: number
  readonly revokedMs?: number
}

/** What a training run cost. */
export interface TrainingCost {
  readonly specialist: SpecialistId
  readonly task: TaskId
  readonly atMs: number
  readonly wallMs: number
  readonly cpuMs: number
  readonly energyJoules: number
  readonly energyIs: EnergySource
}

/** Which rows are removed; several conditions must all hold. At least one is given. */
export interface Removal {
  readonly task?: TaskId
  /** As in {@link Call.endUser}. */
  readonly endUser?: string
  readonly call?: CallId
  readonly beforeMs?: number
}

export interface Removed {
  readonly calls: number
  readonly examples: number
  readonly corrections: number
}

export interface LedgerFilter {
  readonly task?: TaskId
  readonly sinceMs?: number
  /** Up to this moment, itself not included. */
  readonly untilMs?: number
}

/** Sums of ledger rows; sums of money are exact. */
export interface LedgerTotals {
  /** Clients' calls: audits are not among them. */
  readonly calls: number
  readonly local: number
  /** Calls that were sent upstream to check local answers. */
  readonly audits: number
  /** Calls and audits whose cost or saving is not known; they are missing from the sums of money. */
  readonly unpriced: number
  /** Calls and audits whose tokens were counted here. */
  readonly counted: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  /** Paid to upstreams, audits included. */
  readonly costUsd: number
  /** The audits' part of `costUsd`. */
  readonly auditUsd: number
  readonly avoidedUsd: number
  readonly cpuMs: number
  /** Of this machine, for its answers. */
  readonly energyJoules: number
  /** Of the upstreams for what they answered, and what local answers spared them: published ranges, estimates. */
  readonly upstreamJoules: JoulesRange
  readonly avoidedJoules: JoulesRange
}

export type LedgerGrouping = 'task' | 'tier' | 'model' | 'key' | 'day' | 'hour' | 'minute'

/** The sums of one group: `name` where it is grouped by a name (absent: calls that have none), `fromMs` where by time, UTC. */
export interface LedgerGroup extends LedgerTotals {
  readonly name?: string
  readonly fromMs?: number
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
    /** Another text after any task was put or removed; cheap enough to be asked every second. */
    stamp(): Promise<string>
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
    totals(filter?: LedgerFilter): Promise<LedgerTotals>
    /** In the order of the groups; groups without a row are left out. */
    groups(by: LedgerGrouping, filter?: LedgerFilter): Promise<readonly LedgerGroup[]>
    /** Money spent upstream with a key since a moment and, where one is given, before another, US dollars. */
    spentUsd(key: string, sinceMs: number, untilMs?: number): Promise<number>
  }
  readonly corrections: {
    /** Keeps it durably; a later correction of the same call stands over an earlier one. */
    put(correction: Correction): Promise<void>
    get(call: CallId): Promise<Correction | undefined>
    iterate(task: TaskId): AsyncIterable<Correction>
  }
  readonly checks: {
    /** Keeps it durably; one a call and source. */
    put(check: Check): Promise<void>
    /** In the order in which they were put; `skip`: without the first so many. */
    iterate(specialist: SpecialistId, options?: { readonly skip?: number }): AsyncIterable<Check>
  }
  readonly keys: {
    list(): Promise<readonly KeyRecord[]>
    put(key: KeyRecord): Promise<void>
  }
  readonly trainings: {
    put(cost: TrainingCost): Promise<void>
    list(task?: TaskId): Promise<readonly TrainingCost[]>
  }
  readonly upkeep: {
    /** Removes rows for good: their bytes are overwritten in the file and its log. Ledger rows stay, without text. */
    remove(which: Removal): Promise<Removed>
    /** Bytes on disk, log included. */
    sizeBytes(): Promise<number>
    /** Removes the oldest calls until the file is no larger; says how many went. */
    shrinkTo(sizeBytes: number): Promise<Removed>
  }
  close(): Promise<void>
}
