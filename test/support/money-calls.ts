/** Recorded calls of six usage shapes, made by a seed: what the client sends, what the upstream answers, and what it must cost. */
import { gzipSync } from 'node:zlib'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { due, type Tokens } from './money-due.ts'

export const moneyShapes = [
  'chat',
  'chat-stream',
  'responses',
  'responses-stream',
  'messages',
  'messages-stream',
] as const
export type MoneyShape = (typeof moneyShapes)[number]

export interface MoneyCall {
  readonly shape: MoneyShape
  readonly path: string
  readonly body: string
  /** The upstream's answer to the body as it arrives there: it says more where usage is asked for. */
  readonly answer: (received: string) => MoneyAnswer
  /** What the client must see, before any compression. */
  readonly seen: string
  /** Trillionths of a dollar by the price table; absent where the model has none. */
  readonly picoUsd?: bigint
}

export interface MoneyAnswer {
  readonly type: string
  readonly bytes: Buffer
  readonly encoding?: string
}

/** The sum that the calls must cost, trillionths of a dollar, and how many of them have no price. */
export function moneyDue(calls: readonly MoneyCall[]): {
  readonly picoUsd: bigint
  readonly unpriced: number
} {
  return {
    picoUsd: calls.reduce((sum, call) => sum + (call.picoUsd ?? 0n), 0n),
    unpriced: calls.filter((call) => call.picoUsd === undefined).length,
  }
}

/** Calls of all shapes in turn; every tenth is of a model without a price. */
export function moneyCalls(count: number, seed: number): readonly MoneyCall[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, at) =>
    moneyCall(moneyShapes[at % moneyShapes.length]!, random, at),
  )
}

const openAiModels = ['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'gpt-5-nano', 'o4-mini', 'gpt-4.1-2025-04-14']
const claudeModels = ['claude-sonnet-4-5-20250929', 'claude-haiku-4-5', 'claude-3-haiku', 'claude-opus-4-1']

function moneyCall(shape: MoneyShape, random: Random, at: number): MoneyCall {
  const isClaude = shape.startsWith('messages')
  const known = isClaude ? claudeModels : openAiModels
  const model = random.below(10) === 0 ? 'house-model' : known[random.below(known.length)]!
  const tokens = isClaude ? claudeTokens(random) : openAiTokens(random)
  const text = `Answer ${at}: "quoted", \u00e4\u4f60\ud83d\ude00, "usage":null, {"choices":[]}`
  const picoUsd = due(model, tokens)
  return {
    ...shaped[shape]({ model, tokens, text, random }),
    ...(picoUsd !== undefined && { picoUsd }),
    shape,
  }
}

function openAiTokens(random: Random): Tokens {
  const cached = random.below(3) === 0 ? 128 * random.below(40) : 0
  const reasoning = random.below(2) === 0 ? 64 * random.below(30) : 0
  return {
    ...{ fresh: 1 + random.below(9000), cached, written: 0, writtenHour: 0 },
    ...{ out: 1 + random.below(900), reasoning },
  }
}

function claudeTokens(random: Random): Tokens {
  const isLong = random.below(20) === 0
  return {
    fresh: isLong ? 150_000 + random.below(100_000) : 1 + random.below(5000),
    cached: random.below(2) === 0 ? random.below(20_000) : 0,
    written: random.below(3) === 0 ? random.below(8000) : 0,
    writtenHour: random.below(6) === 0 ? random.below(8000) : 0,
    out: 1 + random.below(1500),
    reasoning: 0,
  }
}

interface Parts {
  readonly model: string
  readonly tokens: Tokens
  readonly text: string
  readonly random: Random
}

type Shaped = Omit<MoneyCall, 'picoUsd' | 'shape'>

const shaped: { readonly [Shape in MoneyShape]: (parts: Parts) => Shaped } = {
  chat: (parts) => plain('/v1/chat/completions', chatBody(parts, false), chatAnswer(parts)),
  'chat-stream': chatStream,
  responses: (parts) => plain('/v1/responses', responsesBody(parts, false), responsesAnswer(parts)),
  'responses-stream': (parts) =>
    streamed('/v1/responses', responsesBody(parts, true), responsesEvents(parts), parts.random),
  messages: (parts) => plain('/v1/messages', messagesBody(parts, false), messagesAnswer(parts)),
  'messages-stream': (parts) =>
    streamed('/v1/messages', messagesBody(parts, true), messagesEvents(parts), parts.random),
}

function plain(path: string, body: string, answer: unknown): Shaped {
  const seen = JSON.stringify(answer)
  return { path, body, seen, answer: () => ({ type: 'application/json', bytes: Buffer.from(seen) }) }
}

/** Every second stream is compressed, as providers do for clients that read it. */
function streamed(path: string, body: string, seen: string, random: Random): Shaped {
  const isPacked = random.below(2) === 0
  const bytes = isPacked ? gzipSync(seen) : Buffer.from(seen)
  const answer = { type: 'text/event-stream', bytes, ...(isPacked && { encoding: 'gzip' }) }
  return { path, body, seen, answer: () => answer }
}

function chatUsage({ tokens }: Parts) {
  const prompt = tokens.fresh + tokens.cached
  const completion = tokens.out + tokens.reasoning
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: tokens.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: tokens.reasoning, audio_tokens: 0 },
  }
}

function chatBody({ model }: Parts, stream: boolean): string {
  const more = stream ? ',"stream": true' : ''
  return `{ "model" : "${model}" , "messages":[{"role":"user","content":"Why \\u00e4?"}],"temperature":1.0${more} }`
}

function chatAnswer(parts: Parts): unknown {
  const message = { role: 'assistant', content: parts.text, refusal: null }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }]
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: parts.model,
    choices,
    usage: chatUsage(parts),
  }
}

/** As OpenAI streams: with usage asked for, each chunk says that it has none, and one more says it. */
function chatStream(parts: Parts): Shaped {
  const { model, text, random } = parts
  const asksItself = random.below(3) === 0
  const stub = { id: 'c', object: 'chat.completion.chunk', created: 1, model }
  const events = (isAsked: boolean): string => {
    const usage = isAsked ? { usage: null } : {}
    const chunk = (delta: object, finish_reason: string | null): string =>
      `data: ${JSON.stringify({ ...stub, choices: [{ index: 0, delta, finish_reason }], ...usage, obfuscation: 'x1' })}\n\n`
    const last = { ...stub, choices: [], usage: chatUsage(parts) }
    return [
      chunk({ role: 'assistant', content: '' }, null),
      ...[...text].map((content) => chunk({ content }, null)),
      chunk({}, 'stop'),
      ...(isAsked ? [`data: ${JSON.stringify(last)}\n\n`] : []),
      'data: [DONE]\n\n',
    ].join('')
  }
  const plainBody = chatBody(parts, true)
  const body = asksItself
    ? plainBody.replace('"stream": true', '"stream": true,"stream_options":{"include_usage":true}')
    : plainBody
  return {
    path: '/v1/chat/completions',
    body,
    seen: events(asksItself),
    answer: (received) => ({
      type: 'text/event-stream',
      bytes: Buffer.from(events(/"include_usage"\s*:\s*true/.test(received))),
    }),
  }
}

function responsesUsage({ tokens }: Parts) {
  return {
    input_tokens: tokens.fresh + tokens.cached,
    input_tokens_details: { cached_tokens: tokens.cached },
    output_tokens: tokens.out + tokens.reasoning,
    output_tokens_details: { reasoning_tokens: tokens.reasoning },
  }
}

function responsesBody({ model }: Parts, stream: boolean): string {
  return JSON.stringify({ model, input: 'Why?', ...(stream && { stream }) })
}

function responsesAnswer(parts: Parts) {
  const content = [{ type: 'output_text', text: parts.text, annotations: [] }]
  const output = [{ type: 'message', id: 'm', role: 'assistant', content }]
  const usage = responsesUsage(parts)
  return {
    id: 'r',
    object: 'response',
    created_at: 1,
    status: 'completed',
    model: parts.model,
    output,
    usage,
  }
}

function responsesEvents(parts: Parts): string {
  const whole = responsesAnswer(parts)
  const event = (type: string, members: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`
  return [
    event('response.created', { response: { ...whole, status: 'in_progress', output: [], usage: null } }),
    ...[...parts.text].map((delta) => event('response.output_text.delta', { output_index: 0, delta })),
    event('response.completed', { response: whole }),
  ].join('')
}

function messagesUsage({ tokens }: Parts) {
  return {
    input_tokens: tokens.fresh,
    cache_creation_input_tokens: tokens.written + tokens.writtenHour,
    cache_read_input_tokens: tokens.cached,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens.written,
      ephemeral_1h_input_tokens: tokens.writtenHour,
    },
    output_tokens: tokens.out,
  }
}

function messagesBody({ model }: Parts, stream: boolean): string {
  const messages = [{ role: 'user', content: 'Why?' }]
  return JSON.stringify({ model, max_tokens: 100, messages, ...(stream && { stream }) })
}

function messagesAnswer(parts: Parts) {
  const content = [{ type: 'text', text: parts.text }]
  const head = { id: 'm', type: 'message', role: 'assistant', model: parts.model, content }
  return { ...head, stop_reason: 'end_turn', stop_sequence: null, usage: messagesUsage(parts) }
}

/** The start says one token of output; the end says all, and repeats no more of the input than it must. */
function messagesEvents(parts: Parts): string {
  const whole = messagesAnswer(parts)
  const event = (type: string, members: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`
  const usage = { ...whole.usage, output_tokens: 1 }
  const delta = { stop_reason: 'end_turn', stop_sequence: null }
  return [
    event('message_start', { message: { ...whole, content: [], stop_reason: null, usage } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('ping', {}),
    ...[...parts.text].map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta,
      usage: { output_tokens: parts.tokens.out, input_tokens: null, cache_read_input_tokens: null },
    }),
    event('message_stop', {}),
  ].join('')
}
