/**
 * The request and the answer in an entry of a log, in the chat API's own shapes, whatever the logger named them:
 * request/response, body/response, input/output, prompt/completion, or fine-tuning's `messages` alone.
 */
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../base/json.ts'

export interface CallPair {
  readonly request: JsonObject
  readonly response: JsonObject
}

const requestNames = ['request', 'body', 'input', 'kwargs'] as const
const responseNames = ['response', 'output', 'completion', 'answer', 'result'] as const

/** The pair of an entry, or a sentence that says what is missing. Files of the batch API hold the halves apart. */
export function pairOf(entry: JsonObject): CallPair | string {
  const request = requestOf(entry)
  if (request === undefined) {
    return 'custom_id' in entry && 'response' in entry
      ? 'it is an answer of the batch API without its request; join the two files on custom_id first'
      : 'there is no request with messages'
  }
  const response = responseOf(entry)
  if (response !== undefined) return { request, response }
  const trained = requestNames.some((name) => name in entry) ? undefined : lastTurn(request)
  if (trained !== undefined) return trained
  return 'custom_id' in entry
    ? 'it is a request of the batch API without its answer; join the two files on custom_id first'
    : 'there is no response'
}

/** True where an entry has a request of the chat API, not just a prompt's text. */
export function hasChatRequest(entry: JsonObject): boolean {
  return Array.isArray(entry['messages']) || namedRequest(entry) !== undefined
}

function requestOf(entry: JsonObject): JsonObject | undefined {
  const named = namedRequest(entry)
  if (named !== undefined) return named
  const { prompt, messages } = entry
  if (Array.isArray(messages)) {
    const kept = ['model', 'tools', 'response_format'].filter((name) => entry[name] !== undefined)
    return { messages, ...Object.fromEntries(kept.map((name) => [name, entry[name]!])) }
  }
  return typeof prompt === 'string' ? { messages: [{ role: 'user', content: prompt }] } : undefined
}

function namedRequest(entry: JsonObject): JsonObject | undefined {
  for (const name of requestNames) {
    const request = asRequest(unwrap(entry[name]))
    if (request !== undefined) return request
  }
  return undefined
}

function asRequest(value: Json | undefined): JsonObject | undefined {
  if (Array.isArray(value)) {
    const isConversation = value.length > 0 && value.every((item) => isJsonObject(item) && 'role' in item)
    return isConversation ? { messages: value } : undefined
  }
  return isJsonObject(value) && Array.isArray(value['messages']) ? value : undefined
}

function responseOf(entry: JsonObject): JsonObject | undefined {
  for (const name of responseNames) {
    const value = unwrap(entry[name])
    if (typeof value === 'string') return asAnswer({ role: 'assistant', content: value })
    if (!isJsonObject(value)) continue
    if (Array.isArray(value['choices']) || isJsonObject(value['error'])) return value
    if (typeof value['role'] === 'string') return asAnswer(value)
  }
  return Array.isArray(entry['choices']) ? { choices: entry['choices'] } : undefined
}

function asAnswer(message: JsonObject): JsonObject {
  return { choices: [{ index: 0, message }] }
}

/** A conversation that ends with the assistant's turn, as fine-tuning files hold it: that turn is the answer. */
function lastTurn(request: JsonObject): CallPair | undefined {
  const messages = Array.isArray(request['messages']) ? request['messages'] : []
  const last: Json | undefined = messages.at(-1)
  if (!isJsonObject(last) || last['role'] !== 'assistant') return undefined
  return { request: { ...request, messages: messages.slice(0, -1) }, response: asAnswer(last) }
}

/** The body inside a logged HTTP message, and the object inside a text of JSON. */
function unwrap(value: Json | undefined): Json | undefined {
  if (isJsonObject(value)) return value['body'] === undefined ? value : unwrap(value['body'])
  if (typeof value !== 'string' || !/^\s*[{[]/.test(value)) return value
  const inner = tryParseJson(value)
  // An answer that is itself JSON is a text; only the API's own shapes are taken out of theirs.
  const isShape =
    isJsonObject(inner) && ['messages', 'choices', 'body', 'error'].some((name) => name in inner)
  return isShape || asRequest(inner) !== undefined ? unwrap(inner) : value
}
