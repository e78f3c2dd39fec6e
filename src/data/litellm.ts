/**
 * Exports of LiteLLM: its StandardLoggingPayload (https://docs.litellm.ai/docs/proxy/logging_spec, the object that its
 * callbacks and buckets write) and rows of its table LiteLLM_SpendLogs, which has prompts where
 * `store_prompts_in_spend_logs` is on, and then in `proxy_server_request` (litellm/proxy/spend_tracking), as of November 2026.
 */
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { pairOf } from './call-pair.ts'
import { callRow, loggedTime } from './call-row.ts'
import { answerWithin, jsonWithin } from './json-text.ts'
import { loggedUsage } from './logged-usage.ts'
import type { ObjectAt } from './objects.ts'
import type { Row } from './reader.ts'
import type { RowShape } from './row-shape.ts'

/** `call_type` of calls with messages; others are embeddings, images, audio. */
const chatTypes = ['completion', 'acompletion', 'anthropic_messages']

export const litellmShape: RowShape = Object.freeze({
  format: 'litellm',
  yields: 'call',
  recognise: (first: readonly ObjectAt[]) => {
    if (first.length === 0 || !first.every(({ value }) => payloadOf(value) !== undefined)) return undefined
    return {
      score: 0.98,
      description: 'a call logged by LiteLLM',
      rows: ({ line, value }: ObjectAt) => [rowOf(line, payloadOf(value) ?? value)],
    }
  },
})

/** The payload itself, or where a callback's arguments hold it. */
function payloadOf(entry: JsonObject): JsonObject | undefined {
  const inner = [entry, entry['standard_logging_object'], entry['kwargs']].map(jsonWithin)
  for (const value of inner) {
    if (!isJsonObject(value)) continue
    if (typeof value['call_type'] === 'string' && 'startTime' in value && 'messages' in value) return value
    if (value !== entry && isJsonObject(value['standard_logging_object']))
      return payloadOf(value['standard_logging_object'])
  }
  return undefined
}

function rowOf(line: number, payload: JsonObject): Row {
  const id = payload['id'] ?? payload['request_id']
  const name = typeof id === 'string' ? id : undefined
  const common = { line, ...(name !== undefined && { name }) }
  const type = String(payload['call_type'] ?? 'unknown')
  if (!chatTypes.includes(type))
    return { kind: 'skipped', ...common, reason: `a LiteLLM call of the type ${type}` }
  const request = requestOf(payload)
  if (request === undefined)
    return {
      kind: 'skipped',
      ...common,
      reason: 'no messages in the log (LiteLLM keeps them with store_prompts_in_spend_logs)',
    }
  const status = statusOf(payload)
  const response = answerWithin(payload['response']) ?? (status >= 400 ? { error: {} } : null)
  const pair = pairOf({ request, response })
  if (typeof pair === 'string') return { kind: 'skipped', ...common, reason: 'no response in the log' }
  const atMs = loggedTime(payload['startTime'])
  const endMs = loggedTime(payload['endTime'])
  const isMeasured = atMs !== undefined && endMs !== undefined && endMs >= atMs
  return callRow(pair, {
    ...common,
    status,
    model: payload['model'],
    usage: loggedUsage(payload),
    atMs,
    ...(isMeasured && { latencyMs: endMs - atMs }),
  })
}

/** The body as the client sent it, or messages and parameters put together. */
function requestOf(payload: JsonObject): JsonObject | undefined {
  const sent = jsonWithin(payload['proxy_server_request'])
  const body = isJsonObject(sent) && isJsonObject(sent['body']) ? sent['body'] : sent
  if (isJsonObject(body) && Array.isArray(body['messages'])) return body
  const messages = jsonWithin(payload['messages'])
  const parameters = jsonWithin(payload['model_parameters'])
  const around = {
    ...(typeof payload['model'] === 'string' && { model: payload['model'] }),
    ...(isJsonObject(parameters) && parameters),
  }
  if (typeof messages === 'string' && messages !== '')
    return { ...around, messages: [{ role: 'user', content: messages }] }
  const list = isJsonObject(messages) ? messages['messages'] : messages
  return Array.isArray(list) && list.length > 0 ? { ...around, messages: list } : undefined
}

function statusOf(payload: JsonObject): number {
  const metadata = jsonWithin(payload['metadata'])
  const status = payload['status'] ?? (isJsonObject(metadata) ? metadata['status'] : undefined)
  if (status !== 'failure') return 200
  const error =
    payload['error_information'] ?? (isJsonObject(metadata) ? metadata['error_information'] : undefined)
  const code = isJsonObject(error) ? Number(error['error_code']) : Number.NaN
  return code >= 400 && code < 600 ? code : 500
}
