/** The tables of the store as Kysely sees them; column for column the state after the last of {@link migrations}. */
import type { Generated, Kysely } from 'kysely'
import type { Sha256 } from '../base/hash.ts'
import type { CallId, ExampleId, ModelName, SpecialistId, TaskId } from '../base/ids.ts'
import type { ExampleSource } from '../data/example.ts'
import type { EnergySource } from '../meter/energy.ts'
import type { CountedBy, WireKind } from '../wire/call.ts'

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
  readonly upstream: string | null
  readonly audit_of: CallId | null
  readonly end_user: string | null
  readonly client_key: string | null
  readonly cache_write_tokens: number | null
  readonly cache_write_hour_tokens: number | null
  readonly reasoning_tokens: number | null
  readonly audio_prompt_tokens: number | null
  readonly audio_completion_tokens: number | null
  readonly counted_by: CountedBy | null
}

/** Ledger rows outlive their calls, so there is no foreign key. Money is whole billionths of a US dollar, so that sums are exact. */
export interface LedgerTable {
  readonly call: CallId
  readonly import_no: number
  readonly at_ms: number
  readonly task: TaskId | null
  readonly served_by: string
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly tokens_are: 'reported' | 'counted'
  readonly price_date: string
  readonly latency_ms: number
  readonly cpu_ms: number
  /** Id of the key that the client used. */
  readonly client_key: string | null
  readonly cached_tokens: number | null
  readonly cache_write_tokens: number | null
  readonly reasoning_tokens: number | null
  readonly counted_by: CountedBy | null
  /** `upstream`, or the tier of the specialist that answered. */
  readonly tier: string
  readonly model: ModelName | null
  readonly upstream: string | null
  readonly is_audit: 0 | 1
  readonly cost_nano_usd: number | null
  readonly avoided_nano_usd: number | null
  readonly energy_joules: number
  readonly energy_is: EnergySource
  /** What the upstream used, or would have used, for the call: a published range, an estimate. */
  readonly upstream_joules_low: number | null
  readonly upstream_joules_high: number | null
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
  /** 1 for an audited call's example, which was drawn at random. */
  readonly fair_sample: 1 | null
}

export interface CorrectionTable {
  readonly seq: Generated<number>
  readonly call: CallId
  readonly task: TaskId | null
  readonly at_ms: number
  readonly output: string
}

export interface CheckTable {
  readonly seq: Generated<number>
  readonly call: CallId
  readonly task: TaskId
  readonly specialist: SpecialistId
  readonly at_ms: number
  readonly source: 'audit' | 'correction'
  readonly wrong: 0 | 1
  readonly loss: number | null
  readonly chosen_with: number | null
}

export interface KeyTable {
  readonly id: string
  readonly name: string
  readonly digest: Sha256
  readonly scope: 'calls' | 'admin'
  /** Names of tasks as a JSON array. */
  readonly tasks: string | null
  readonly calls_per_minute: number | null
  readonly usd_per_month: number | null
  readonly created_ms: number
  readonly revoked_ms: number | null
}

export interface TrainingTable {
  readonly seq: Generated<number>
  readonly specialist: SpecialistId
  readonly task: TaskId
  readonly at_ms: number
  readonly wall_ms: number
  readonly cpu_ms: number
  readonly energy_joules: number
  readonly energy_is: EnergySource
}

export interface StoreTables {
  readonly tasks: TaskTable
  readonly imports: ImportTable
  readonly calls: CallTable
  readonly ledger: LedgerTable
  readonly examples: ExampleTable
  readonly corrections: CorrectionTable
  readonly checks: CheckTable
  readonly keys: KeyTable
  readonly trainings: TrainingTable
}

export type StoreQueries = Kysely<StoreTables>
