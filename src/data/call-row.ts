/** A logged request and its answer as a row, whichever API they are of. */
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Prompt } from '../task/types.ts'
import { anthropicAnswer, anthropicPrompt } from '../wire/anthropic-prompt.ts'
import type { Usage } from '../wire/call.ts'
import { promptOf } from '../wire/chat-prompt.ts'
import { chatResponseSchema, readChatRequest } from '../wire/openai-chat.ts'
import type { CallPair } from './call-pair.ts'
import { loggedUsage } from './logged-usage.ts'
import type { CallRow } from './reader.ts'

/** What a log knows of a call besides request and answer. */
export interface CallFacts {
  readonly line: number
  readonly name?: string | undefined
  readonly status?: number | undefined
  readonly model?: Json | undefined
  readonly usage?: Usage | undefined
  readonly atMs?: number | undefined
  readonly latencyMs?: number | undefined
}

interface Wire {
  prompt(request: JsonObject): Prompt | undefined
  /** The text to learn from, or why there is none. */
  answer(response: JsonObject): { readonly text: string } | string
}

const wires: { readonly [W in CallPair['wire']]: Wire } = {
  'openai-chat': {
    // The template does not look at the model, and not every logger keeps it.
    prompt: (request) => {
      const read = readChatRequest({ model: '', ...request })
      return read && promptOf(read)
    },
    answer: chatAnswer,
  },
  'anthropic-messages': {
    prompt: (request) => anthropicPrompt({ model: '', ...request }),
    answer: anthropicAnswer,
  },
}

/** The row of a logged call. */
export function callRow(pair: CallPair, facts: CallFacts): CallRow {
  const { wire, request, response } = pair
  const prompt = wires[wire].prompt(request)
  const status = facts.status ?? (isJsonObject(response['error']) ? 500 : 200)
  const answer = status >= 400 ? 'the answer is an error' : wires[wire].answer(response)
  const unusable = typeof answer === 'string' ? answer : prompt ? undefined : 'the prompt is not text alone'
  const model = [response['model'], request['model'], facts.model].find(isName)
  const usage = loggedUsage(response['usage']) ?? facts.usage
  return {
    kind: 'call',
    line: facts.line,
    ...(facts.name !== undefined && { name: facts.name }),
    wire,
    request,
    response,
    status,
    ...(prompt !== undefined && { prompt }),
    ...(typeof answer === 'object' && { answer: answer.text }),
    ...(unusable !== undefined && { unusable }),
    ...(model !== undefined && { model }),
    ...(usage !== undefined && { usage }),
    ...(facts.atMs !== undefined && { atMs: facts.atMs }),
    ...(facts.latencyMs !== undefined && { latencyMs: facts.latencyMs }),
  }
}

function chatAnswer(response: JsonObject): { readonly text: string } | string {
  const choices = chatResponseSchema.safeParse(response).data?.choices ?? []
  const [choice] = choices
  if (choice === undefined) return 'the answer has no message'
  if (choices.length > 1) return 'more than one answer was asked for'
  if (choice.finish_reason === 'length') return 'the answer was cut off'
  const calls = choice.message['tool_calls']
  if (Array.isArray(calls) && calls.length > 0) return 'the answer calls tools'
  const text = choice.message.content ?? ''
  return text === '' ? 'the answer has no text' : { text }
}

function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

/** A time: ISO 8601 (UTC where it names no zone), or seconds or milliseconds since 1970. */
export function loggedTime(value: Json | undefined): number | undefined {
  // Seconds pass this bound in the year 5138, milliseconds passed it in 1973.
  if (typeof value === 'number') return value > 1e11 ? value : value * 1000
  if (typeof value !== 'string' || value === '') return undefined
  if (/^\d{9,}(?:\.\d+)?$/.test(value)) return loggedTime(Number(value))
  const zoned = /^\d{4}-\d\d-\d\d[ T][\d:.]+$/.test(value) ? `${value.replace(' ', 'T')}Z` : value
  const parsed = Date.parse(zoned)
  return Number.isFinite(parsed) ? parsed : undefined
}
