/** What a call cost and saved, as a row of the ledger. */
import type { CallId, ModelName, TaskId } from '../base/ids.ts'
import type { Call, CountedBy, Usage } from '../wire/call.ts'
import { priceCall } from './cost.ts'
import {
  cpuJoules,
  defaultWattsPerCpu,
  type EnergySource,
  type JoulesRange,
  upstreamJoules,
} from './energy.ts'
import type { PriceTable } from './prices.ts'
import type { TokenCounter } from './token-counter.ts'
import { usageOfCall } from './usage.ts'

/** What a call cost; every figure says whether it was measured or estimated. */
export interface LedgerRow {
  readonly call: CallId
  readonly atMs: number
  readonly task?: TaskId
  readonly servedBy: string
  /** `upstream`, or the tier of the specialist that answered. */
  readonly tier: string
  /** The model that was paid, or would have been. */
  readonly model?: ModelName
  readonly key?: string
  readonly upstream?: string
  /** True: it was sent upstream to check a local answer, and is no client's call. */
  readonly isAudit: boolean
  readonly promptTokens: number
  readonly completionTokens: number
  readonly cachedTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
  readonly tokensAre: 'reported' | 'counted'
  readonly countedBy?: CountedBy
  /** Money paid, by the price table of {@link priceDate}; absent where the model has no known price or the tokens are not known. */
  readonly costUsd?: number
  /** What the upstream would have been paid for the same call, where it was answered locally; absent as above. */
  readonly avoidedUsd?: number
  readonly priceDate: string
  readonly latencyMs: number
  readonly cpuMs: number
  /** Of this machine, for the call. */
  readonly energyJoules: number
  readonly energyIs: EnergySource
  /** Of the upstream, or what it would have been: an estimate; absent where the tokens are not known. */
  readonly upstreamJoules?: JoulesRange
}

export interface MeterOptions {
  readonly prices: PriceTable
  /** The upstream model that a locally answered call would have gone to, where it is another than the call's own. */
  readonly upstreamModel?: ModelName
  readonly wattsPerCpu?: number
  /** Counts tokens that nobody reported; bytes where it is absent. */
  readonly counter?: TokenCounter
}

/** Meters a call; money is absent where the model has no known price or the tokens are not known. */
export function meterCall(call: Call, options: MeterOptions): LedgerRow {
  const usage = usageOfCall(call, options.counter)
  const isLocal = call.servedBy !== 'upstream'
  const model = isLocal ? (options.upstreamModel ?? call.model) : call.model
  const money = isLocal ? localMoney(model, usage, options) : upstreamMoney(call, usage, options)
  const cpuMs = call.cpuMs ?? 0
  return {
    call: call.id,
    atMs: call.atMs,
    ...(call.task !== undefined && { task: call.task }),
    servedBy: call.servedBy,
    tier: tierOf(call.servedBy),
    ...(model !== undefined && { model }),
    ...(call.key !== undefined && { key: call.key }),
    ...(call.upstream !== undefined && { upstream: call.upstream }),
    isAudit: call.auditOf !== undefined,
    ...tokensOf(usage),
    ...money,
    priceDate: options.prices.date,
    latencyMs: call.latencyMs,
    cpuMs,
    energyJoules: cpuJoules(cpuMs, options.wattsPerCpu ?? defaultWattsPerCpu),
    energyIs: 'cpu-time',
    ...(usage && { upstreamJoules: upstreamJoules(usage) }),
  }
}

type Tokens = Pick<
  LedgerRow,
  | 'promptTokens'
  | 'completionTokens'
  | 'cachedTokens'
  | 'cacheWriteTokens'
  | 'reasoningTokens'
  | 'tokensAre'
  | 'countedBy'
>

function tokensOf(usage: Usage | undefined): Tokens {
  if (!usage) return { promptTokens: 0, completionTokens: 0, tokensAre: 'counted' }
  const { promptTokens, completionTokens, cachedTokens, cacheWriteTokens, reasoningTokens, countedBy } = usage
  return {
    promptTokens,
    completionTokens,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    tokensAre: usage.source,
    ...(countedBy !== undefined && { countedBy }),
  }
}

/** `TASK@VERSION (tier)` or `upstream`. */
function tierOf(servedBy: string): string {
  return /\(([^)]*)\)$/.exec(servedBy)?.[1] ?? servedBy
}

type Money = Pick<LedgerRow, 'costUsd' | 'avoidedUsd'>

/**
 * Upstreams bill what they answered, also where the client left or the stream broke off in the middle; a refused call
 * costs nothing unless its usage was reported.
 */
function upstreamMoney(call: Call, usage: Usage | undefined, { prices }: MeterOptions): Money {
  const isGood = call.status >= 200 && call.status < 300
  const brokeOff = call.error !== undefined && call.firstByteMs !== undefined
  if (!isGood && !brokeOff && usage?.source !== 'reported') return { costUsd: 0, avoidedUsd: 0 }
  const cost = usage && call.model !== undefined ? priceCall(usage, call.model, prices) : undefined
  return { ...(cost !== undefined && { costUsd: cost }), avoidedUsd: 0 }
}

function localMoney(model: ModelName | undefined, usage: Usage | undefined, { prices }: MeterOptions): Money {
  const avoided = usage && model !== undefined ? priceCall(usage, model, prices) : undefined
  return { costUsd: 0, ...(avoided !== undefined && { avoidedUsd: avoided }) }
}
