import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pairOf } from './call-pair.ts'
import { allRows } from './reader.contract.ts'
import type { CallRow, RowSource, SaidLayout } from './reader.ts'
import { openSource } from './readers.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-json-'))
})
afterAll(() => rm(folder, { recursive: true }))

const put = async (lines: readonly (string | object)[], said?: SaidLayout): Promise<RowSource> => {
  const file = join(folder, 'data.jsonl')
  await writeFile(
    file,
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  )
  return openSource(file, said)
}
const call = async (entry: object): Promise<CallRow> => {
  const [row] = await allRows(await put([entry], { format: 'openai-log' }))
  if (row?.kind !== 'call') throw new Error('not a call')
  return row
}

describe('JSONL', () => {
  it('has the scalar members as columns, inner ones too, wherever they first come', async () => {
    const source = await put([
      { text: 'a', meta: { label: 1 } },
      { text: 'b', meta: { label: true, at: 'x' }, list: [1] },
      { text: null },
    ])
    expect(source.columns).toEqual(['text', 'meta.label', 'meta.at'])
    expect((await allRows(source)).map((row) => row.kind === 'record' && row.values)).toEqual([
      ['a', '1', undefined],
      ['b', 'true', 'x'],
      [undefined, undefined, undefined],
    ])
  })

  it.each([
    ['{"text": x}', 10],
    ['{"text": "a", }', 15],
    ['{"text": "a"', 13],
    ['{"text": "a"} {', 15],
    ['not json', 2],
  ])('names line and column of %s', async (line, column) => {
    const source = await put([{ text: 'a', label: 'b' }, '', line])
    await expect(allRows(source)).rejects.toMatchObject({ code: 'data.json', details: { line: 3, column } })
  })

  it('refuses half a character and NUL, naming line and member', async () => {
    const lone = await put([{ text: 'a', label: 'b' }, '{"text": "cut \\ud83d", "label": "b"}'])
    await expect(allRows(lone)).rejects.toMatchObject({
      code: 'data.character',
      details: { line: 2, place: ', "text"' },
    })
    const nul = await put([{ text: 'a', label: 'b' }, '{"text": "\\u0000", "label": "b"}'])
    await expect(allRows(nul)).rejects.toMatchObject({ code: 'data.character', details: { line: 2 } })
  })

  it('keeps whole characters that are escaped', async () => {
    const [row] = await allRows(await put(['{"text": "\\ud83d\\udc1f \\\\ud800", "label": "b"}']))
    expect(row).toMatchObject({ values: ['🐟 \\ud800', 'b'] })
  })

  it('refuses one document over many lines with what to do', async () => {
    await expect(async () => allRows(await put(['{', '"text": "a"', '}']))).rejects.toThrow(
      /line 1, column 2.*say --format json/,
    )
  })
})

const request = { model: 'big-1', messages: [{ role: 'user', content: 'hi' }] }
const choice = { index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }
const response = { id: 'chatcmpl-1', model: 'big-1-2026', created: 1_790_000_000, choices: [choice] }

describe('logs of chat calls', () => {
  it.each([
    ['request and response', { request, response }],
    [
      'bodies inside',
      { request: { url: '/v1', body: request }, response: { status_code: 200, body: response } },
    ],
    ['body and response', { body: request, response }],
    ['input and output', { input: request, output: response }],
    ['messages and a message', { input: request.messages, output: choice.message }],
    ['texts of JSON', { request: JSON.stringify(request), response: JSON.stringify(response) }],
    ['a request beside choices', { ...request, choices: response.choices }],
    ['a request with its output', { ...request, output: 'yes' }],
    ['messages that end with the answer', { messages: [...request.messages, choice.message] }],
    ['prompt and completion', { prompt: 'hi', completion: 'yes' }],
  ])('are read as %s', async (_, entry) => {
    const row = await call(entry)
    expect(row.prompt).toEqual({ messages: request.messages })
    expect(row.answer).toBe('yes')
    expect(row.unusable).toBeUndefined()
  })

  it('are recognised, unless prompt and answer are plain texts', async () => {
    expect((await put([{ request, response }])).format).toBe('openai-log')
    expect((await put([{ messages: [...request.messages, choice.message] }])).format).toBe('openai-log')
    expect((await put([{ prompt: 'hi', completion: 'yes' }])).format).toBe('jsonl')
  })

  it('keep the answer as it was written where that is JSON', async () => {
    expect((await call({ request, response: '{"label": "yes"}' })).answer).toBe('{"label": "yes"}')
  })

  it('keep model, time, latency, status and tokens', async () => {
    const usage = { prompt_tokens: 7, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 2 } }
    const row = await call({ request, response: { ...response, usage }, latency_ms: 250.5 })
    expect(row).toMatchObject({
      model: 'big-1-2026',
      atMs: 1_790_000_000_000,
      latencyMs: 250.5,
      status: 200,
      usage: { promptTokens: 7, completionTokens: 1, cachedTokens: 2, source: 'reported' },
    })
    expect((await call({ request, response, timestamp: '2026-01-02T03:04:05Z' })).atMs).toBe(
      1_767_323_045_000,
    )
  })

  it.each([
    ['an error', { error: { message: 'no' } }, 'the answer is an error'],
    ['a cut answer', { choices: [{ ...choice, finish_reason: 'length' }] }, 'the answer was cut off'],
    ['two answers', { choices: [choice, choice] }, 'more than one answer was asked for'],
    [
      'a tool call',
      { choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [{}] } }] },
      'the answer calls tools',
    ],
  ])('say why %s gives no example', async (_, answer, unusable) => {
    expect((await call({ request, response: answer })).unusable).toBe(unusable)
  })

  it('with an image give no example', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'x' } }]
    const row = await call({ request: { ...request, messages: [{ role: 'user', content }] }, response })
    expect(row.unusable).toBe('the prompt is not text alone')
  })

  it('that are no pairs are refused by line', async () => {
    const source = await put([{ request, response }, { request }])
    await expect(allRows(source)).rejects.toMatchObject({
      code: 'data.log-entry',
      details: { line: 2, problem: 'there is no response' },
    })
    expect(pairOf({ custom_id: '1', body: request, url: '/v1/chat/completions' })).toMatch(
      /join the two files/,
    )
    expect(pairOf({ custom_id: '1', response: { body: response } })).toMatch(/join the two files/)
  })
})
