import { expect, test } from 'vitest'
import { newCallId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Call, WireKind } from '../wire/call.ts'
import { meterCall } from './ledger-row.ts'
import { listPrices } from './prices.ts'
import { tokenCounters } from './token-counter.ts'
import { usageInAnswer, usageOfCall } from './usage.ts'

const chat = (usage: Json): Json => ({ choices: [{ message: { content: 'spam' } }], usage })
const responses = (usage: Json): Json => ({ object: 'response', output: [], usage })
const message = (usage: Json): Json => ({ type: 'message', content: [{ type: 'text', text: 'spam' }], usage })

function callOf(wire: WireKind, request: Json, response: Json, changes: Partial<Call> = {}): Call {
  return {
    ...{ id: newCallId(1), atMs: 1, method: 'POST', path: '/v1/x', wire, servedBy: 'upstream', reason: 'x' },
    ...{ streaming: false, status: 200, latencyMs: 1, model: 'gpt-4o' as NonNullable<Call['model']> },
    ...{ request: JSON.stringify(request), response: JSON.stringify(response) },
    ...changes,
  }
}

test.each<[WireKind, Json, object]>([
  [
    'openai-chat',
    chat({
      prompt_tokens: 10,
      completion_tokens: 8,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 3, audio_tokens: 1, accepted_prediction_tokens: 0 },
    }),
    {
      promptTokens: 10,
      completionTokens: 8,
      cachedTokens: 4,
      audioPromptTokens: 2,
      reasoningTokens: 3,
      audioCompletionTokens: 1,
    },
  ],
  [
    'openai-responses',
    responses({
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens: 8,
      output_tokens_details: { reasoning_tokens: 3 },
    }),
    { promptTokens: 10, completionTokens: 8, cachedTokens: 4, reasoningTokens: 3 },
  ],
  [
    'anthropic-messages',
    message({
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 10 },
      output_tokens: 8,
    }),
    {
      promptTokens: 140,
      completionTokens: 8,
      cachedTokens: 100,
      cacheWriteTokens: 30,
      cacheWriteHourTokens: 10,
    },
  ],
  [
    'anthropic-messages',
    message({ input_tokens: 10, cache_read_input_tokens: null, output_tokens: 8 }),
    { promptTokens: 10, completionTokens: 8 },
  ],
])('%s: tokens as the upstream reports them', (wire, answer, expected) => {
  expect(usageInAnswer(wire, answer)).toEqual({ ...expected, source: 'reported' })
})

test.each<[string, Json]>([
  ['negative', { prompt_tokens: -10, completion_tokens: 5 }],
  ['a fraction', { prompt_tokens: 1.5, completion_tokens: 5 }],
  ['absurd', { prompt_tokens: 1e15, completion_tokens: 5 }],
  [
    'more from the cache than there were',
    { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 11 } },
  ],
  [
    'more reasoning than output',
    { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 6 } },
  ],
  ['a text', { prompt_tokens: '10', completion_tokens: 5 }],
  ['half', { prompt_tokens: 10 }],
  ['missing', null],
])('a usage that cannot be true (%s) is counted instead, and says so', (_, usage) => {
  const call = callOf(
    'openai-chat',
    { model: 'gpt-4o', messages: [{ role: 'user', content: '12345678' }] },
    chat(usage),
  )
  expect(usageOfCall(call)).toEqual({
    promptTokens: 6,
    completionTokens: 1,
    source: 'counted',
    countedBy: 'bytes',
  })
  const row = meterCall(call, { prices: listPrices })
  expect(row).toMatchObject({ tokensAre: 'counted', countedBy: 'bytes' })
  expect(row.costUsd).toBeGreaterThan(0)
})

test('messages and responses are counted by their texts', () => {
  const claude = {
    model: 'c',
    system: '1234',
    messages: [{ role: 'user', content: [{ type: 'text', text: '12345678' }] }],
  }
  expect(usageOfCall(callOf('anthropic-messages', claude, message(null)))).toMatchObject({
    promptTokens: 11,
    completionTokens: 1,
  })
  const asked = { model: 'm', instructions: '1234', input: [{ role: 'user', content: '12345678' }] }
  const said = {
    object: 'response',
    output: [{ type: 'message', content: [{ type: 'output_text', text: '1234' }] }],
  }
  expect(usageOfCall(callOf('openai-responses', asked, said))).toMatchObject({
    promptTokens: 11,
    completionTokens: 1,
  })
})

test('what holds images, sound, files, or goes on from an earlier answer, cannot be counted: it has no price, which is not 0', () => {
  const image = { type: 'image_url', image_url: { url: 'data:' } }
  const calls = [
    callOf('openai-chat', { model: 'gpt-4o', messages: [{ role: 'user', content: [image] }] }, chat(null)),
    callOf('openai-responses', { model: 'gpt-4o', input: 'x', previous_response_id: 'r' }, responses(null)),
  ]
  for (const call of calls) {
    expect(usageOfCall(call)).toBeUndefined()
    expect(meterCall(call, { prices: listPrices })).not.toHaveProperty('costUsd')
  }
})

test("the model's own tokenizer counts as OpenAI's does", async () => {
  const counters = tokenCounters()
  expect(counters.of('gpt-4o').by).toBe('bytes')
  for (const model of ['gpt-4o', 'gpt-4', 'claude-haiku-4-5']) await counters.prepare(model)
  expect(counters.of('openai/gpt-5-mini').by).toBe('o200k_base')
  expect(counters.of('gpt-4-turbo').by).toBe('cl100k_base')
  expect(counters.of('claude-haiku-4-5').by).toBe('bytes')
  // From OpenAI's cookbook, "How to count tokens with tiktoken".
  expect(counters.of('gpt-4').count('antidisestablishmentarianism')).toBe(6)
  expect(counters.of('gpt-4o').count('antidisestablishmentarianism')).toBe(6)
  expect(counters.of('gpt-4').count('\u304a\u8a95\u751f\u65e5\u304a\u3081\u3067\u3068\u3046')).toBe(9)
  expect(counters.of('gpt-4o').count('\u304a\u8a95\u751f\u65e5\u304a\u3081\u3067\u3068\u3046')).toBe(8)
  expect(counters.of('gpt-4o').count('<|endoftext|>')).toBeGreaterThan(1)
  const request = { model: 'gpt-4o', messages: [{ role: 'user', content: 'antidisestablishmentarianism' }] }
  expect(usageOfCall(callOf('openai-chat', request, chat(null)), counters.of('gpt-4o'))).toEqual({
    ...{ promptTokens: 13, completionTokens: 1, source: 'counted', countedBy: 'o200k_base' },
  })
})

test('a run without a break does not hold up the thread', async () => {
  const counters = tokenCounters()
  await counters.prepare('gpt-4o')
  const began = performance.now()
  expect(counters.of('gpt-4o').count('a'.repeat(100_000))).toBeGreaterThan(10_000)
  expect(counters.of('gpt-4o').count('\u6c49'.repeat(30_000))).toBeGreaterThan(10_000)
  expect(performance.now() - began).toBeLessThan(3000)
})
