/** Calls and ledger rows as table rows and back. */
import type { Selectable } from 'kysely'
import type { Call, Usage } from '../wire/call.ts'
import type { CallTable, LedgerTable } from './schema.ts'
import type { KeptCall } from './store.ts'

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
    source: row.tokens_are,
  }
}

/** A ledger row as a row of the table `ledger`. */
export function ledgerRow({ ledger }: KeptCall, importNo: number): LedgerRowOf {
  return {
    call: ledger.call,
    import_no: importNo,
    at_ms: ledger.atMs,
    task: ledger.task ?? null,
    served_by: ledger.servedBy,
    prompt_tokens: ledger.promptTokens,
    completion_tokens: ledger.completionTokens,
    tokens_are: ledger.tokensAre,
    cost_usd: ledger.costUsd ?? null,
    avoided_usd: ledger.avoidedUsd ?? null,
    price_date: ledger.priceDate,
    latency_ms: ledger.latencyMs,
    cpu_ms: ledger.cpuMs,
  }
}
