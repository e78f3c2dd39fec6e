/** Calls as one flat list of plain values: what passes to a worker thread at the least cost to the thread that serves. */
import type { ModelName } from '../base/ids.ts'
import type { Call, Usage } from '../wire/call.ts'

/** Strings, numbers and booleans of calls, {@link slots} a call, in the order of {@link packCall}. */
export type PackedCalls = (string | number | boolean | undefined)[]

/** What is to be done with a call while it is kept. */
export interface KeepPolicy {
  /** True: personal data is masked before anything is written. */
  readonly masked: boolean
  /** The model whose price a local answer saves, where it is another than the call's own. */
  readonly upstream?: ModelName
}

export interface UnpackedCall {
  readonly call: Call
  readonly policy: KeepPolicy
}

/** Values a call. */
export const slots = 34

/** Appends a call's values. */
export function packCall(into: PackedCalls, call: Call, policy: KeepPolicy): void {
  const { usage } = call
  into.push(
    call.id,
    call.atMs,
    call.method,
    call.path,
    call.wire,
    call.task,
    call.model,
    call.servedBy,
    call.reason,
    call.confidence,
    call.streaming,
    call.status,
    call.request,
    call.response,
    usage?.source,
    usage?.promptTokens,
    usage?.completionTokens,
    usage?.cachedTokens,
    call.latencyMs,
    call.firstByteMs,
    call.cpuMs,
    call.error,
    call.upstream,
    call.auditOf,
    call.endUser,
    call.key,
    usage?.cacheWriteTokens,
    usage?.cacheWriteHourTokens,
    usage?.reasoningTokens,
    usage?.audioPromptTokens,
    usage?.audioCompletionTokens,
    usage?.countedBy,
    policy.masked,
    policy.upstream,
  )
}

/** The calls of a flat list that {@link packCall} made. */
export function unpackCalls(values: PackedCalls): readonly UnpackedCall[] {
  const calls: UnpackedCall[] = []
  for (let at = 0; at < values.length; at += slots)
    calls.push(unpackCall(values.slice(at, at + slots) as CallSlots))
  return calls
}

/** The types of the values of one call, in order. */
type CallSlots = [
  id: Call['id'],
  atMs: number,
  method: string,
  path: string,
  wire: Call['wire'],
  task: Call['task'],
  model: Call['model'],
  servedBy: string,
  reason: string,
  confidence: number | undefined,
  streaming: boolean,
  status: number,
  request: string | undefined,
  response: string | undefined,
  source: Usage['source'] | undefined,
  promptTokens: number,
  completionTokens: number,
  cachedTokens: number | undefined,
  latencyMs: number,
  firstByteMs: number | undefined,
  cpuMs: number | undefined,
  error: string | undefined,
  answeredBy: string | undefined,
  auditOf: Call['auditOf'],
  endUser: string | undefined,
  key: string | undefined,
  cacheWriteTokens: number | undefined,
  cacheWriteHourTokens: number | undefined,
  reasoningTokens: number | undefined,
  audioPromptTokens: number | undefined,
  audioCompletionTokens: number | undefined,
  countedBy: Usage['countedBy'],
  masked: boolean,
  upstream: ModelName | undefined,
]

function unpackCall(values: CallSlots): UnpackedCall {
  const [
    id,
    atMs,
    method,
    path,
    wire,
    task,
    model,
    servedBy,
    reason,
    confidence,
    streaming,
    status,
    ...rest
  ] = values
  const [request, response, source, promptTokens, completionTokens, cachedTokens, latencyMs, ...end] = rest
  const [firstByteMs, cpuMs, error, answeredBy, auditOf, endUser, key, ...last] = end
  const [cacheWriteTokens, cacheWriteHourTokens, reasoningTokens, audioPromptTokens, ...final] = last
  const [audioCompletionTokens, countedBy, masked, upstream] = final
  const usage: Usage | undefined = source && {
    promptTokens,
    completionTokens,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(cacheWriteHourTokens !== undefined && { cacheWriteHourTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    ...(audioPromptTokens !== undefined && { audioPromptTokens }),
    ...(audioCompletionTokens !== undefined && { audioCompletionTokens }),
    source,
    ...(countedBy !== undefined && { countedBy }),
  }
  const call: Call = {
    ...{ id, atMs, method, path, wire, servedBy, reason, streaming, status, latencyMs },
    ...(task !== undefined && { task }),
    ...(model !== undefined && { model }),
    ...(answeredBy !== undefined && { upstream: answeredBy }),
    ...(auditOf !== undefined && { auditOf }),
    ...(endUser !== undefined && { endUser }),
    ...(key !== undefined && { key }),
    ...(confidence !== undefined && { confidence }),
    ...(request !== undefined && { request }),
    ...(response !== undefined && { response }),
    ...(usage && { usage }),
    ...(firstByteMs !== undefined && { firstByteMs }),
    ...(cpuMs !== undefined && { cpuMs }),
    ...(error !== undefined && { error }),
  }
  return { call, policy: { masked, ...(upstream !== undefined && { upstream }) } }
}
