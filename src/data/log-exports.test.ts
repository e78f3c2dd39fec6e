import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import { callOf, temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const lines = (...objects: readonly unknown[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')
const messages = [{ role: 'user', content: 'hi' }]
const prompt = { messages: [{ role: 'system', content: 'Say yes.' }, ...messages] }
const message = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'yes' }] }

const payload = {
  id: 'chatcmpl-1',
  call_type: 'acompletion',
  status: 'success',
  startTime: 1_790_000_000.5,
  endTime: 1_790_000_001.75,
  model: 'big-1',
  model_group: 'big',
  model_parameters: { temperature: 0, response_format: { type: 'json_object' } },
  prompt_tokens: 7,
  completion_tokens: 1,
  metadata: {},
  messages,
  response: {
    id: 'x',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: '{"a": 1}' } }],
  },
}

describe('exports of LiteLLM', () => {
  it.each([
    ['a payload', payload],
    ['the arguments of a callback', { kwargs: { standard_logging_object: payload } }],
    [
      'a row of the spend logs',
      {
        ...payload,
        id: undefined,
        request_id: 'chatcmpl-1',
        startTime: '2026-09-21T14:13:20.500Z',
        endTime: '2026-09-21T14:13:21.750Z',
        messages: {},
        proxy_server_request: JSON.stringify({
          model: 'big-1',
          messages,
          response_format: { type: 'json_object' },
        }),
        response: JSON.stringify(payload.response),
      },
    ],
  ])('are read as %s', async (_, entry) => {
    expect((await open('l.jsonl', lines(entry))).format).toBe('litellm')
    expect(callOf((await rows('l.jsonl', lines(entry)))[0])).toMatchObject({
      name: 'chatcmpl-1',
      wire: 'openai-chat',
      prompt: { messages, responseFormat: { type: 'json_object' } },
      answer: '{"a": 1}',
      model: 'big-1',
      atMs: Date.UTC(2026, 8, 21, 14, 13, 20, 500),
      latencyMs: 1250,
      status: 200,
      usage: { promptTokens: 7, completionTokens: 1 },
    })
  })

  it('keep failed calls, and leave out what is no chat and what has no texts', async () => {
    const failed = { ...payload, status: 'failure', response: {}, error_information: { error_code: '429' } }
    const found = await rows(
      'l.jsonl',
      lines(
        failed,
        { ...payload, call_type: 'aembedding' },
        { ...payload, messages: {} },
        { ...payload, response: {} },
      ),
    )
    expect(callOf(found[0])).toMatchObject({ status: 429, unusable: 'the answer is an error' })
    expect(found.slice(1).map((row) => row.kind === 'skipped' && row.reason)).toEqual([
      'a LiteLLM call of the type aembedding',
      'no messages in the log (LiteLLM keeps them with store_prompts_in_spend_logs)',
      'no response in the log',
    ])
  })

  it('of the Anthropic API keep its wire', async () => {
    const entry = {
      ...payload,
      call_type: 'anthropic_messages',
      model_parameters: { system: 'Say yes.', max_tokens: 5 },
      response: message,
    }
    expect(callOf((await rows('l.jsonl', lines(entry)))[0])).toMatchObject({
      wire: 'anthropic-messages',
      prompt,
      answer: 'yes',
    })
  })
})

const snake = {
  id: 'o1',
  trace_id: 't1',
  project_id: 'p1',
  type: 'GENERATION',
  start_time: '2026-01-02 03:04:05.250000',
  end_time: '2026-01-02 03:04:06.250000',
  provided_model_name: 'big-1',
  model_parameters: '{"temperature":0}',
  input: JSON.stringify(messages),
  output: 'yes',
  usage_details: { input: 3, output: 2, input_cached_tokens: 4, total: 9 },
  latency: 1,
  level: 'DEFAULT',
}
const camel = {
  id: 'o1',
  traceId: 't1',
  projectId: 'p1',
  type: 'GENERATION',
  startTime: '2026-01-02T03:04:05.250Z',
  endTime: '2026-01-02T03:04:06.250Z',
  model: 'big-1',
  modelParameters: { temperature: 0 },
  input: { messages },
  output: { role: 'assistant', content: 'yes' },
  usageDetails: { input: 3, output: 2, input_cached_tokens: 4 },
}
const csvOf = (object: JsonObject): string => {
  const cell = (value: unknown): string =>
    `"${(typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll('"', '""')}"`
  const row = Object.values(object).map(cell).join(',')
  return `${Object.keys(object).join(',')}\n${row}\n${row}\n`
}

describe('exports of Langfuse', () => {
  it.each([
    ['observations of the blob storage', 'o.jsonl', lines(snake)],
    ['observations of the API', 'o.json', JSON.stringify({ data: [camel], meta: { page: 1 } })],
    ['observations of the web page', 'o.json', JSON.stringify([camel], null, 2)],
    ['observations as a table', 'o.csv', csvOf(snake)],
    [
      'a trace with its observations',
      't.json',
      JSON.stringify({ id: 't1', name: 'n', observations: [camel], scores: [{ id: 's' }] }, null, 2),
    ],
    [
      'traces with their observations',
      't.jsonl',
      lines({
        id: 't1',
        timestamp: '2026-01-02T03:04:05Z',
        input: null,
        output: null,
        observations: [camel],
      }),
    ],
  ])('are read as %s', async (_, name, content) => {
    expect((await open(name, content)).format).toBe('langfuse')
    expect(callOf((await rows(name, content))[0])).toMatchObject({
      name: 'o1',
      prompt: { messages },
      answer: 'yes',
      model: 'big-1',
      atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 250),
      latencyMs: 1000,
      usage: { promptTokens: 7, completionTokens: 2, cachedTokens: 4 },
      request: { temperature: 0 },
    })
  })

  it('give traces as calls where they hold no observations', async () => {
    const trace = {
      id: 't1',
      timestamp: '2026-01-02T03:04:05Z',
      projectId: 'p',
      name: 'n',
      input: messages,
      output: '{"a": 1}',
    }
    expect(callOf((await rows('t.jsonl', lines(trace)))[0])).toMatchObject({
      prompt: { messages },
      answer: '{"a": 1}',
    })
  })

  it('leave out what is no call, counted', async () => {
    const found = await rows(
      'o.jsonl',
      lines(
        snake,
        { ...snake, type: 'SPAN' },
        { ...snake, input: '{"x": 1}' },
        { ...snake, output: '' },
        { ...camel, output: { a: 1 } },
        { ...snake, level: 'ERROR', output: '' },
      ),
    )
    expect(found.slice(1, 5).map((row) => row.kind === 'skipped' && row.reason)).toEqual([
      'a Langfuse observation of the type SPAN',
      'the input is no prompt of a chat',
      'no output',
      'the output is an object and no answer of an API',
    ])
    expect(callOf(found[5]).unusable).toBe('the answer is an error')
  })

  it('are not what rows with a time, an input and an output are', async () => {
    const row = { timestamp: '2026-01-02', input: 'hi', output: 'yes', user_id: 'u' }
    expect((await open('r.jsonl', lines(row, row))).format).toBe('jsonl')
  })
})
