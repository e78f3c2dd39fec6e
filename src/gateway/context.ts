/** What every handler of the gateway is given, and what it must be given by others. */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { CascadeOptions } from '../route/cascade.ts'
import type { TaskBook } from '../route/recognise.ts'
import type { Call } from '../wire/call.ts'
import type { Access } from './access/access.ts'
import type { AdminContext } from './admin/admin-context.ts'
import type { Audits } from './audits/audits.ts'
import type { Embedders } from './embeddings/embedders.ts'
import type { KnownBodies } from './known-bodies.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { ShelfCounts } from './specialist-shelf.ts'
import type { Upstream } from './upstream.ts'
import type { UsageAsking } from './usage-asking.ts'

/** Keeps calls; `trace/recorder.ts` is the one that serves. */
export interface CallRecorder {
  /** Keeps a call soon; what cannot be kept is counted. */
  record(call: Call): void
  /** Resolves when the call would survive a power cut. */
  recordDurably(call: Call): Promise<void>
  /** Resolves when all that was recorded before is kept. */
  flush(): Promise<void>
  /** Name → how many so far, for the metrics. */
  readonly counters: { readonly [name: string]: number }
}

/** The tasks and specialists that serve, and what is wrong with those that do not. */
export interface ServedTasks {
  /** The book of this moment; replaced as a whole when a pointer moves. */
  readonly book: TaskBook
  /** Sentences about specialists that are promoted but cannot be loaded. */
  readonly problems: readonly string[]
  /** Which weights are in memory, and what came and went. */
  readonly counts: ShelfCounts
}

/** Masks personal data as it is masked where calls are kept, so that training and serving agree. */
export type MaskText = (text: string) => string

export interface GatewayContext {
  readonly access: Access
  /** Absent where there is no admin API. */
  readonly admin: AdminContext | undefined
  readonly upstream: Upstream | undefined
  readonly recorder: CallRecorder
  readonly tasks: ServedTasks
  readonly embedders: Embedders
  readonly mask: MaskText
  readonly metrics: GatewayMetrics
  readonly log: Log
  readonly clock: Clock
  readonly bodyLimitBytes: number
  readonly keptLimitBytes: number
  readonly maxForwarding: number
  readonly isStrict: boolean
  readonly localAnswers: boolean
  /** Sentences about what is wrong, for the readiness. */
  readonly problems: () => readonly string[]
  /** What changes while the gateway runs. */
  readonly state: { isClosing: boolean; forwarding: number }
  /** Notes work that must end before the gateway is closed; it must not reject. */
  readonly track: (work: Promise<void>) => void
  readonly cascade: CascadeOptions
  readonly knownBodies: KnownBodies
  /** Absent where nothing is checked. */
  readonly audits: Audits | undefined
  readonly usageAsking: UsageAsking
}
