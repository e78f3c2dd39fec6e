/** The tables of the store as Kysely sees them; column for column the state after the last of {@link migrations}. */
import type { Generated, Kysely } from 'kysely'
import type { CallId, ExampleId, ModelName, TaskId } from '../base/ids.ts'
import type { ExampleSource } from '../data/example.ts'
import type { WireKind } from '../wire/call.ts'

export interface TaskTable {
  readonly id: TaskId
  /** The task as JSON. */
  readonly body: string
  readonly updated_ms: number
}

/** An import is seen by readers when its state is `done`; rows of an `open` or `dropped` one are invisible. */
export interface ImportTable {
  readonly no: Generated<number>
  readonly task: TaskId
  readonly source: string
  readonly state: 'open' | 'done' | 'dropped'
  readonly started_ms: number
  /** Last time that something was added: an open import that nobody touches for long is swept. */
  readonly touched_ms: number
  readonly added: number
  readonly repeated: number
}

export interface CallTable {
  readonly seq: Generated<number>
  readonly id: CallId
  /** The import that brought the call; 0: the gateway kept it itself. */
  readonly import_no: number
  readonly at_ms: number
  readonly method: string
  readonly path: string
  readonly wire: WireKind
  readonly task: TaskId | null
  readonly model: ModelName | null
  readonly served_by: string
  readonly reason: string
  readonly confidence: number | null
  readonly streaming: 0 | 1
  readonly status: number
  readonly request: string | null
  readonly response: string | null
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly cached_tokens: number | null
  readonly tokens_are: 'reported' | 'counted' | null
  readonly latency_ms: number
  readonly first_byte_ms: number | null
  readonly cpu_ms: number | null
  readonly error: string | null
}

/** Ledger rows outlive their calls, so there is no foreign key. */
export interface LedgerTable {
  readonly call: CallId
  readonly import_no: number
  readonly at_ms: number
  readonly task: TaskId | null
  readonly served_by: string
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly tokens_are: 'reported' | 'counted'
  readonly cost_usd: number | null
  readonly avoided_usd: number | null
  readonly price_date: string
  readonly latency_ms: number
  readonly cpu_ms: number
}

export interface ExampleTable {
  readonly seq: Generated<number>
  readonly import_no: number
  /** Digest of task, input and output, 128 bits: what makes two examples the same. */
  readonly key: string
  readonly id: ExampleId
  /** Input, output and soft labels as JSON. */
  readonly input: string
  readonly output: string
  readonly soft: string | null
  readonly source: ExampleSource
  readonly weight: number
  readonly group_name: string | null
}

export interface StoreTables {
  readonly tasks: TaskTable
  readonly imports: ImportTable
  readonly calls: CallTable
  readonly ledger: LedgerTable
  readonly examples: ExampleTable
}

export type StoreQueries = Kysely<StoreTables>
