/**
 * Tokens of a call: as the upstream reported them where that can be believed, else counted here.
 * Counted are the texts of its messages, with four tokens for every message, its tools and the form of answer it asks for.
 */
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'
import {
  type AnthropicUsage,
  anthropicRequestSchema,
  anthropicResponseSchema,
} from '../wire/anthropic-messages.ts'
import type { Call, Usage, WireKind } from '../wire/call.ts'
import { type ChatUsage, chatRequestSchema, chatResponseSchema } from '../wire/openai-chat.ts'
import {
  type ResponsesUsage,
  responsesRequestSchema,
  responsesResponseSchema,
} from '../wire/openai-responses.ts'
import { byteCounter, type TokenCounter } from './token-counter.ts'

/** No model reads or writes so much in one call. */
const mostTokens = 100_000_000
const tokensPerMessage = 4

/** The usage of a chat answer, or of the last event of a streamed one, in our words; `undefined` where it cannot be true. */
export function reportedUsage(usage: ChatUsage | null | undefined): Usage | undefined {
  if (!usage) return undefined
  const { prompt_tokens_details: input, completion_tokens_details: output } = usage
  return believed({
    promptTokens: usage.prompt_tokens,
    completionTokens: usage.completion_tokens,
    cachedTokens: input?.cached_tokens,
    cacheWriteTokens: input?.cache_creation_tokens ?? input?.cache_write_tokens,
    reasoningTokens: output?.reasoning_tokens,
    audioPromptTokens: input?.audio_tokens,
    audioCompletionTokens: output?.audio_tokens,
  })
}

function responsesUsage(usage: ResponsesUsage | null | undefined): Usage | undefined {
  if (!usage) return undefined
  return believed({
    promptTokens: usage.input_tokens,
    completionTokens: usage.output_tokens,
    cachedTokens: usage.input_tokens_details?.cached_tokens,
    reasoningTokens: usage.output_tokens_details?.reasoning_tokens,
  })
}

function anthropicUsage(usage: AnthropicUsage | null | undefined): Usage | undefined {
  if (typeof usage?.input_tokens !== 'number' || typeof usage.output_tokens !== 'number') return undefined
  const parts = usage.cache_creation
  const cacheWriteHourTokens = parts?.ephemeral_1h_input_tokens
  const inParts = (parts?.ephemeral_5m_input_tokens ?? 0) + (cacheWriteHourTokens ?? 0)
  const written = usage.cache_creation_input_tokens ?? (parts ? inParts : undefined)
  const read = usage.cache_read_input_tokens
  return believed({
    promptTokens: usage.input_tokens + (written ?? 0) + (read ?? 0),
    completionTokens: usage.output_tokens,
    cachedTokens: read,
    cacheWriteTokens: written,
    cacheWriteHourTokens,
  })
}

type Counts = { readonly [Name in Exclude<keyof Usage, 'source' | 'countedBy'>]?: number | null | undefined }

/** Counts that are whole, not negative, not absurd, and no part larger than what it is part of. */
function believed(counts: Counts): Usage | undefined {
  const given = Object.entries(counts).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  if (given.some(([, count]) => !Number.isSafeInteger(count) || count < 0 || count > mostTokens))
    return undefined
  const { promptTokens, completionTokens, ...parts } = counts
  const of = (name: keyof typeof parts): number => parts[name] ?? 0
  const fits =
    of('cachedTokens') + of('cacheWriteTokens') <= (promptTokens ?? 0) &&
    of('cacheWriteHourTokens') <= of('cacheWriteTokens') &&
    of('audioPromptTokens') <= (promptTokens ?? 0) &&
    of('reasoningTokens') <= (completionTokens ?? 0) &&
    of('audioCompletionTokens') <= (completionTokens ?? 0)
  if (!fits || typeof promptTokens !== 'number' || typeof completionTokens !== 'number') return undefined
  const some = Object.fromEntries(given.filter(([name]) => name in parts))
  return { promptTokens, completionTokens, ...some, source: 'reported' }
}

/** What is read of an API's answer. */
interface AnswerShape {
  /** The usage that an answer reports. */
  reported(answer: Json): Usage | undefined
  /** Tokens of a request and of an answer; `undefined` where one cannot be read or holds what is no text. */
  prompt(request: Json, counter: TokenCounter): number | undefined
  completion(answer: Json, counter: TokenCounter): number | undefined
}

const shapes: { readonly [Wire in Exclude<WireKind, 'opaque'>]: AnswerShape } = {
  'openai-chat': {
    reported: (answer) => reportedUsage(chatResponseSchema.safeParse(answer).data?.usage),
    prompt: (value, counter) => {
      const request = chatRequestSchema.safeParse(value).data
      if (!request) return undefined
      return counted(counter, request.messages, [request.tools, schemaIn(request.response_format)])
    },
    completion: (value, counter) =>
      chatResponseSchema
        .safeParse(value)
        .data?.choices.reduce(
          (sum, { message }) =>
            sum + counter.count(message.content ?? '') + jsonTokens(counter, message['tool_calls']),
          0,
        ),
  },
  'openai-responses': {
    reported: (answer) => responsesUsage(responsesResponseSchema.safeParse(answer).data?.usage),
    prompt: (value, counter) => {
      const request = responsesRequestSchema.safeParse(value).data
      // What went before is with the upstream, which alone can count it.
      if (!request || typeof request.previous_response_id === 'string') return undefined
      const { input, instructions, tools } = request
      const items = typeof input === 'string' ? [{ content: input }] : (input ?? [])
      const said = typeof instructions === 'string' ? [{ content: instructions }] : []
      return counted(counter, [...said, ...items], [tools])
    },
    completion: (value, counter) => {
      const answer = responsesResponseSchema.safeParse(value).data
      return answer && contentTokens(counter, answer.output)
    },
  },
  'anthropic-messages': {
    reported: (answer) => anthropicUsage(anthropicResponseSchema.safeParse(answer).data?.usage),
    prompt: (value, counter) => {
      const request = anthropicRequestSchema.safeParse(value).data
      if (!request) return undefined
      const { system, messages, tools } = request
      const said = system === undefined || system === null ? [] : [{ content: system }]
      return counted(counter, [...said, ...messages], [tools])
    },
    completion: (value, counter) => {
      const answer = anthropicResponseSchema.safeParse(value).data
      return answer && contentTokens(counter, [{ content: answer.content }])
    },
  },
}

/** The usage that an answer of an API reports; `undefined` where it reports none that can be true. */
export function usageInAnswer(wire: WireKind, answer: Json): Usage | undefined {
  return wire === 'opaque' ? undefined : shapes[wire].reported(answer)
}

/**
 * The usage of a kept call: as it was reported, else counted by the model's counter;
 * `undefined` where its texts cannot be read or hold images, sound or files, whose tokens only the upstream knows.
 */
export function usageOfCall(call: Call, counter: TokenCounter = byteCounter): Usage | undefined {
  if (call.usage?.source === 'reported') return call.usage
  const inBytes: Usage | undefined = call.usage && { countedBy: 'bytes', ...call.usage }
  if (call.wire === 'opaque' || call.response === undefined) return inBytes
  if (inBytes && counter.by === 'bytes') return inBytes
  const shape = shapes[call.wire]
  const answer = tryParseJson(call.response)
  if (answer === undefined) return inBytes
  const reported = shape.reported(answer)
  // A local answer reports what the gateway counted.
  if (reported && !call.usage) return reported
  const request = call.request === undefined ? undefined : tryParseJson(call.request)
  const promptTokens = request === undefined ? undefined : shape.prompt(request, counter)
  const completionTokens = shape.completion(answer, counter)
  if (promptTokens === undefined || completionTokens === undefined) return inBytes
  return { promptTokens, completionTokens, source: 'counted', countedBy: counter.by }
}

/** Of the forms of an answer only a schema is put before the model. */
function schemaIn(format: Json | undefined): Json | undefined {
  return isJsonObject(format) ? format['json_schema'] : undefined
}

interface Message {
  readonly content?:
    | string
    | readonly { readonly type: string; readonly text?: string | undefined }[]
    | null
    | undefined
}

function counted(
  counter: TokenCounter,
  messages: readonly Message[],
  others: readonly unknown[],
): number | undefined {
  const content = contentTokens(counter, messages)
  if (content === undefined) return undefined
  const besides = others.reduce<number>((sum, value) => sum + jsonTokens(counter, value), 0)
  return content + besides + messages.length * tokensPerMessage + counter.tokensPerPrompt
}

/** Parts that hold what is no text, in any of the APIs. */
const notText = /image|audio|file|document|video/

function contentTokens(counter: TokenCounter, messages: readonly Message[]): number | undefined {
  let tokens = 0
  for (const message of messages) {
    const { content } = message
    if (typeof content === 'string') tokens += counter.count(content)
    else if (!content) tokens += jsonTokens(counter, message)
    else
      for (const part of content) {
        if (notText.test(part.type)) return undefined
        tokens += part.text === undefined ? jsonTokens(counter, part) : counter.count(part.text)
      }
  }
  return tokens
}

function jsonTokens(counter: TokenCounter, value: unknown): number {
  return value === undefined || value === null ? 0 : counter.count(JSON.stringify(value))
}
