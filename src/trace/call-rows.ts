/** Calls and ledger rows as table rows and back. */
import type { Selectable } from 'kysely'
import type { Call, Usage } from '../wire/call.ts'
import type { CallTable, LedgerTable } from './schema.ts'
import type { KeptCall } from './store.ts'

/** Billionths in a US dollar. */
export const nanoUsd = 1e9

type CallRow = Omit<Selectable<CallTable>, 'seq'>
type LedgerRowOf = Selectable<LedgerTable>

/** A call as a row of the table `calls`. */
export function callRow({ call }: KeptCall, importNo: number): CallRow {
  return {
    id: call.id,
    import_no: importNo,
    at_ms: call.atMs,
    method: call.method,
    path: call.path,
    wire: call.wire,
    task: call.task ?? null,
    model: call.model ?? null,
    served_by: call.servedBy,
    reason: call.reason,
    confidence: call.confidence ?? null,
    streaming: call.streaming ? 1 : 0,
    status: call.status,
    request: call.request ?? null,
    response: call.response ?? null,
    prompt_tokens: call.usage?.promptTokens ?? null,
    completion_tokens: call.usage?.completionTokens ?? null,
    cached_tokens: call.usage?.cachedTokens ?? null,
    tokens_are: call.usage?.source ?? null,
    latency_ms: call.latencyMs,
    first_byte_ms: call.firstByteMs ?? null,
    cpu_ms: call.cpuMs ?? null,
    error: call.error ?? null,
    upstream: call.upstream ?? null,
    audit_of: call.auditOf ?? null,
    end_user: call.endUser ?? null,
    client_key: call.key ?? null,
    cache_write_tokens: call.usage?.cacheWriteTokens ?? null,
    cache_write_hour_tokens: call.usage?.cacheWriteHourTokens ?? null,
    reasoning_tokens: call.usage?.reasoningTokens ?? null,
    audio_prompt_tokens: call.usage?.audioPromptTokens ?? null,
    audio_completion_tokens: call.usage?.audioCompletionTokens ?? null,
    counted_by: call.usage?.countedBy ?? null,
  }
}

/** The call of a row of the table `calls`. */
export function callOf(row: Selectable<CallTable>): Call {
  const usage = usageOf(row)
  return {
    id: row.id,
    atMs: row.at_ms,
    method: row.method,
    path: row.path,
    wire: row.wire,
    ...(row.task !== null && { task: row.task }),
    ...(row.model !== null && { model: row.model }),
    ...(row.upstream !== null && { upstream: row.upstream }),
    ...(row.audit_of !== null && { auditOf: row.audit_of }),
    ...(row.end_user !== null && { endUser: row.end_user }),
    ...(row.client_key !== null && { key: row.client_key }),
    servedBy: row.served_by,
    reason: row.reason,
    ...(row.confidence !== null && { confidence: row.confidence }),
    streaming: row.streaming === 1,
    status: row.status,
    ...(row.request !== null && { request: row.request }),
    ...(row.response !== null && { response: row.response }),
    ...(usage && { usage }),
    latencyMs: row.latency_ms,
    ...(row.first_byte_ms !== null && { firstByteMs: row.first_byte_ms }),
    ...(row.cpu_ms !== null && { cpuMs: row.cpu_ms }),
    ...(row.error !== null && { error: row.error }),
  }
}

function usageOf(row: Selectable<CallTable>): Usage | undefined {
  if (row.tokens_are === null) return undefined
  return {
    promptTokens: row.prompt_tokens ?? 0,
    completionTokens: row.completion_tokens ?? 0,
    ...(row.cached_tokens !== null && { cachedTokens: row.cached_tokens }),
    ...(row.cache_write_tokens !== null && { cacheWriteTokens: row.cache_write_tokens }),
    ...(row.cache_write_hour_tokens !== null && { cacheWriteHourTokens: row.cache_write_hour_tokens }),
    ...(row.reasoning_tokens !== null && { reasoningTokens: row.reasoning_tokens }),
    ...(row.audio_prompt_tokens !== null && { audioPromptTokens: row.audio_prompt_tokens }),
    ...(row.audio_completion_tokens !== null && { audioCompletionTokens: row.audio_completion_tokens }),
    source: row.tokens_are,
    ...(row.counted_by !== null && { countedBy: row.counted_by }),
  }
}

/** A ledger row as a row of the table `ledger`. */
export function ledgerRow({ call, ledger }: KeptCall, importNo: number): LedgerRowOf {
  return {
    call: ledger.call,
    import_no: importNo,
    at_ms: ledger.atMs,
    task: ledger.task ?? null,
    served_by: ledger.servedBy,
    prompt_tokens: ledger.promptTokens,
    completion_tokens: ledger.completionTokens,
    tokens_are: ledger.tokensAre,
    price_date: ledger.priceDate,
    latency_ms: ledger.latencyMs,
    cpu_ms: ledger.cpuMs,
    client_key: call.key ?? null,
    cached_tokens: ledger.cachedTokens ?? null,
    cache_write_tokens: ledger.cacheWriteTokens ?? null,
    reasoning_tokens: ledger.reasoningTokens ?? null,
    counted_by: ledger.countedBy ?? null,
    tier: ledger.tier,
    model: ledger.model ?? null,
    upstream: ledger.upstream ?? null,
    is_audit: ledger.isAudit ? 1 : 0,
    cost_nano_usd: nanoUsdOf(ledger.costUsd),
    avoided_nano_usd: nanoUsdOf(ledger.avoidedUsd),
    energy_joules: ledger.energyJoules,
    energy_is: ledger.energyIs,
    upstream_joules_low: ledger.upstreamJoules?.low ?? null,
    upstream_joules_high: ledger.upstreamJoules?.high ?? null,
  }
}

function nanoUsdOf(usd: number | undefined): number | null {
  return usd === undefined ? null : Math.round(usd * nanoUsd)
}
