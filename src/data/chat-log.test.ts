import { describe, expect, it } from 'vitest'
import { callOf, temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const lines = (...objects: readonly unknown[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')
const messages = [{ role: 'user', content: 'hi' }]
const prompt = { messages: [{ role: 'system', content: 'Say yes.' }, ...messages] }
const request = { model: 'big-2', max_tokens: 5, system: 'Say yes.', messages }
const usage = {
  input_tokens: 5,
  output_tokens: 2,
  cache_read_input_tokens: 3,
  cache_creation_input_tokens: 4,
}
const message = {
  id: 'm1',
  type: 'message',
  role: 'assistant',
  model: 'big-2-2026',
  content: [{ type: 'text', text: 'yes' }],
  stop_reason: 'end_turn',
  usage,
}
const events = [
  {
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'y' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'es' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 2 },
  },
  { type: 'message_stop' },
]
const stream = (list: readonly { readonly type: string }[]): string =>
  list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

describe('logs of the Anthropic API', () => {
  it.each([
    ['request and response', { request, response: message }],
    [
      'bodies in HTTP messages',
      { request: { body: request }, response: { status_code: 200, body: message } },
    ],
    [
      'a system prompt of blocks',
      {
        request: {
          ...request,
          system: [{ type: 'text', text: 'Say yes.', cache_control: { type: 'ephemeral' } }],
        },
        response: message,
      },
    ],
    [
      'messages of blocks',
      {
        request: { ...request, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] },
        response: message,
      },
    ],
    ['texts of JSON', { request: JSON.stringify(request), response: JSON.stringify(message) }],
    ['input and output', { input: request, output: message }],
    ['a request beside its response', { ...request, response: message }],
    ['a stream as text', { request: { ...request, stream: true }, response: stream(events) }],
    ['a stream as a list of events', { request, response: events }],
    ['a stream as a list of texts', { request, events: events.map((event) => JSON.stringify(event)) }],
    [
      'thinking before the answer',
      {
        request,
        response: {
          ...message,
          content: [{ type: 'thinking', thinking: 'hm', signature: 's' }, ...message.content],
        },
      },
    ],
  ])('are read as %s', async (_, entry) => {
    expect((await open('log.jsonl', lines(entry))).format).toBe('anthropic-log')
    expect(callOf((await rows('log.jsonl', lines(entry)))[0])).toMatchObject({
      wire: 'anthropic-messages',
      prompt,
      answer: 'yes',
      model: 'big-2-2026',
      status: 200,
      usage: {
        promptTokens: 12,
        completionTokens: 2,
        cachedTokens: 3,
        cacheWriteTokens: 4,
        source: 'reported',
      },
      response: { stop_reason: 'end_turn' },
    })
  })

  it.each([
    [
      'a tool',
      { ...message, content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
      'the answer calls tools',
    ],
    ['a cut answer', { ...message, stop_reason: 'max_tokens' }, 'the answer was cut off'],
    ['a refusal', { ...message, stop_reason: 'refusal' }, 'the model refused'],
    [
      'an error',
      { type: 'error', error: { type: 'overloaded_error', message: 'no' } },
      'the answer is an error',
    ],
    ['no text', { ...message, content: [] }, 'the answer has no text'],
  ])('say why %s gives no example', async (_, response, unusable) => {
    expect(
      callOf((await rows('log.jsonl', lines({ request, response }), { format: 'anthropic-log' }))[0])
        .unusable,
    ).toBe(unusable)
  })

  it('with an image give no example', async () => {
    const content = [{ type: 'image', source: {} }]
    const entry = { request: { ...request, messages: [{ role: 'user', content }] }, response: message }
    expect(callOf((await rows('log.jsonl', lines(entry)))[0]).unusable).toBe('the prompt is not text alone')
  })

  it('may stand among calls of the OpenAI API', async () => {
    const openai = { request: { model: 'big-1', messages }, response: 'yes' }
    const found = await rows(
      'log.jsonl',
      lines(openai, { request, response: message }, { request, response: message }),
    )
    expect(found.map((row) => callOf(row).wire)).toEqual([
      'openai-chat',
      'anthropic-messages',
      'anthropic-messages',
    ])
  })
})

describe('streamed answers of the OpenAI API', () => {
  it('are put together', async () => {
    const chunk = (delta: unknown, finish: string | null): string =>
      `data: ${JSON.stringify({ id: 'c', model: 'big-1', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    const response = `${chunk({ role: 'assistant', content: 'y' }, null)}${chunk({ content: 'es' }, 'stop')}data: [DONE]\n\n`
    expect(callOf((await rows('log.jsonl', lines({ request: { messages }, response })))[0])).toMatchObject({
      answer: 'yes',
      model: 'big-1',
    })
  })
})
