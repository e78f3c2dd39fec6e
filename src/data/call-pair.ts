/**
 * The request and the answer in an entry of a log, in the shapes of the OpenAI or the Anthropic API, whatever the logger
 * named them: request/response, body/response, input/output, prompt/completion, or fine-tuning's `messages` alone.
 * Streamed answers, kept as events, are put together again.
 */
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../base/json.ts'
import { messageOfEvents } from '../wire/anthropic-stream.ts'
import { chatAssembler } from '../wire/chat-stream.ts'
import { sseReader } from '../wire/sse.ts'
import type { CallRow } from './reader.ts'

export interface CallPair {
  readonly wire: CallRow['wire']
  readonly request: JsonObject
  readonly response: JsonObject
}

const requestNames = ['request', 'body', 'input', 'kwargs'] as const
const responseNames = ['response', 'output', 'completion', 'answer', 'result', 'events', 'stream'] as const
/** Members of a request that a logger may write beside its messages. */
const besideMessages = [
  'model',
  'system',
  'max_tokens',
  'tools',
  'response_format',
  'output_config',
  'output_format',
] as const

/** The pair of an entry, or a sentence that says what is missing. Files of the batch API hold the halves apart. */
export function pairOf(entry: JsonObject): CallPair | string {
  const request = requestOf(entry)
  if (request === undefined) {
    return 'custom_id' in entry && 'response' in entry
      ? 'it is an answer of the batch API without its request; join the two files on custom_id first'
      : 'there is no request with messages'
  }
  const response = responseOf(entry)
  if (response !== undefined) return { wire: wireOf(request, response), request, response }
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
    const kept = besideMessages.filter((name) => entry[name] !== undefined && entry[name] !== null)
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
    const response = asResponse(unwrap(entry[name]))
    if (response !== undefined) return response
  }
  if (Array.isArray(entry['choices'])) return { choices: entry['choices'] }
  return isMessage(entry) ? { type: 'message', content: entry['content']! } : undefined
}

function asResponse(value: Json | undefined): JsonObject | undefined {
  if (typeof value === 'string') return fromStream(value) ?? asAnswer({ role: 'assistant', content: value })
  if (Array.isArray(value)) return fromList(value)
  if (!isJsonObject(value)) return undefined
  if (Array.isArray(value['choices']) || isJsonObject(value['error']) || isMessage(value)) return value
  if (typeof value['role'] === 'string') return asAnswer(value)
  return typeof value['content'] === 'string'
    ? asAnswer({ role: 'assistant', content: value['content'] })
    : undefined
}

/** An answer of the Anthropic API. */
function isMessage(value: JsonObject): boolean {
  return value['type'] === 'message' && Array.isArray(value['content'])
}

/** The only message of a list, or the answer whose events the list holds. */
function fromList(list: readonly Json[]): JsonObject | undefined {
  const [first] = list
  if (list.length === 1 && isJsonObject(first) && typeof first['role'] === 'string') return asAnswer(first)
  return fromEvents(list.map((event) => (typeof event === 'string' ? (tryParseJson(event) ?? event) : event)))
}

/** The answer whose server-sent events a text holds. */
function fromStream(text: string): JsonObject | undefined {
  if (!/^\s*(?:event|data|id|retry)?:/.test(text)) return undefined
  const events: Json[] = []
  const reader = sseReader({
    onData: (data) => {
      const event = tryParseJson(data)
      if (event !== undefined) events.push(event)
    },
    maxEventChars: text.length + 1,
  })
  reader.push(new TextEncoder().encode(`${text}\n\n`))
  return fromEvents(events)
}

function fromEvents(events: readonly Json[]): JsonObject | undefined {
  const message = messageOfEvents(events)
  if (message !== undefined) return message
  const assembler = chatAssembler()
  for (const event of events) if (isJsonObject(event)) assembler.push(JSON.stringify(event))
  const text = assembler.text()
  const whole = text === undefined ? undefined : tryParseJson(text)
  return isJsonObject(whole) ? whole : undefined
}

/** The API whose answer it is; an error, which both write alike, is told by the request. */
function wireOf(request: JsonObject, response: JsonObject): CallPair['wire'] {
  if (isMessage(response)) return 'anthropic-messages'
  if (response['type'] === 'error' || 'system' in request) return 'anthropic-messages'
  return 'openai-chat'
}

function asAnswer(message: JsonObject): JsonObject {
  return { choices: [{ index: 0, message }] }
}

/** A conversation that ends with the assistant's turn, as fine-tuning files hold it: that turn is the answer. */
function lastTurn(request: JsonObject): CallPair | undefined {
  const messages = Array.isArray(request['messages']) ? request['messages'] : []
  const last: Json | undefined = messages.at(-1)
  if (!isJsonObject(last) || last['role'] !== 'assistant') return undefined
  return {
    wire: 'openai-chat',
    request: { ...request, messages: messages.slice(0, -1) },
    response: asAnswer(last),
  }
}

/** The body inside a logged HTTP message, and the object inside a text of JSON. */
function unwrap(value: Json | undefined): Json | undefined {
  if (isJsonObject(value)) return value['body'] === undefined ? value : unwrap(value['body'])
  if (typeof value !== 'string' || !/^\s*[{[]/.test(value)) return value
  const inner = tryParseJson(value)
  // An answer that is itself JSON is a text; only the API's own shapes are taken out of theirs.
  const isShape =
    isJsonObject(inner) &&
    (['messages', 'choices', 'body', 'error'].some((name) => name in inner) || isMessage(inner))
  return isShape || asRequest(inner) !== undefined ? unwrap(inner) : value
}
