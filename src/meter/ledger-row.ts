/** What a call cost and saved, as a row of the ledger. */
import type { CallId, TaskId } from '../base/ids.ts'
import type { Call, Usage } from '../wire/call.ts'
import { priceCall } from './cost.ts'
import type { PriceTable } from './prices.ts'
import { usageOfCall } from './usage.ts'

/** What a call cost; every figure says whether it was measured or estimated. */
export interface LedgerRow {
  readonly call: CallId
  readonly atMs: number
  readonly task?: TaskId
  readonly servedBy: string
  readonly promptTokens: number
  readonly completionTokens: number
  readonly tokensAre: 'reported' | 'counted'
  /** Money paid, by the price table of {@link priceDate}; absent where the model has no known price or the tokens are not known. */
  readonly costUsd?: number
  /** What the upstream would have been paid for the same call, where it was answered locally; absent as above. */
  readonly avoidedUsd?: number
  readonly priceDate: string
  readonly latencyMs: number
  readonly cpuMs: number
}

export interface MeterOptions {
  readonly prices: PriceTable
  /** The upstream model that a locally answered call would have gone to, where it is another than the call's own. */
  readonly upstreamModel?: string
}

/** Meters a call; money is absent where the model has no known price or the tokens are not known. */
export function meterCall(call: Call, options: MeterOptions): LedgerRow {
  const usage = usageOfCall(call)
  const money =
    call.servedBy === 'upstream' ? upstreamMoney(call, usage, options) : localMoney(call, usage, options)
  return {
    call: call.id,
    atMs: call.atMs,
    ...(call.task !== undefined && { task: call.task }),
    servedBy: call.servedBy,
    promptTokens: usage?.promptTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    tokensAre: usage?.source ?? 'counted',
    ...money,
    priceDate: options.prices.date,
    latencyMs: call.latencyMs,
    cpuMs: call.cpuMs ?? 0,
  }
}

type Money = Pick<LedgerRow, 'costUsd' | 'avoidedUsd'>

/** Upstreams bill what they answered; a refused call costs nothing unless its usage was reported. */
function upstreamMoney(call: Call, usage: Usage | undefined, { prices }: MeterOptions): Money {
  const isRefused = call.status < 200 || call.status >= 300
  if (isRefused && usage?.source !== 'reported') return { costUsd: 0, avoidedUsd: 0 }
  const cost = usage && call.model !== undefined ? priceCall(usage, call.model, prices) : undefined
  return { ...(cost !== undefined && { costUsd: cost }), avoidedUsd: 0 }
}

function localMoney(call: Call, usage: Usage | undefined, { prices, upstreamModel }: MeterOptions): Money {
  const model = upstreamModel ?? call.model
  const avoided = usage && model !== undefined ? priceCall(usage, model, prices) : undefined
  return { costUsd: 0, ...(avoided !== undefined && { avoidedUsd: avoided }) }
}
