import { expect, test } from 'vitest'
import { completionBody, completionEvents } from './chat-answer.ts'
import { chatAssembler } from './chat-stream.ts'
import { sseReader } from './sse.ts'

const head = { id: 'c', object: 'chat.completion.chunk', created: 5, model: 'm' }
const chunk = (delta: object, finish: string | null = null, index = 0): string =>
  JSON.stringify({ ...head, choices: [{ index, delta, finish_reason: finish }] })

function assembled(events: readonly string[]): object {
  const assembler = chatAssembler()
  for (const event of events) assembler.push(event)
  return JSON.parse(assembler.text() ?? 'null')
}

test('texts are joined, by choice', () => {
  const events = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'one ' }, null, 1),
    chunk({ content: 'a' }),
    chunk({ content: 'b' }),
    chunk({}, 'stop'),
    chunk({ content: 'two' }, 'length', 1),
  ]
  expect(assembled(events)).toEqual({
    id: 'c',
    object: 'chat.completion',
    created: 5,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'ab' }, finish_reason: 'stop' },
      { index: 1, message: { role: 'assistant', content: 'one two' }, finish_reason: 'length' },
    ],
  })
})

test('tool calls grow by their index', () => {
  const events = [
    chunk({
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
    chunk({}, 'tool_calls'),
  ]
  expect(assembled(events)).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a":1}' } }],
        },
      },
    ],
  })
})

test('what is not a chunk is left out, and usage is taken where it comes', () => {
  const assembler = chatAssembler()
  expect(assembler.text()).toBeUndefined()
  for (const event of ['', 'not JSON', '{"error":{}}', chunk({ content: 'a' })]) assembler.push(event)
  expect(assembler.usage()).toBeUndefined()
  assembler.push(JSON.stringify({ ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } }))
  expect(assembler.usage()).toEqual({ prompt_tokens: 1, completion_tokens: 2 })
  expect(assembler.isDone).toBe(false)
  assembler.push('[DONE]')
  expect(assembler.isDone).toBe(true)
})

test.each([true, false])(
  "a specialist's events say the same as its one answer (usage: %s)",
  (includeUsage) => {
    const answer = {
      id: 'X',
      createdSeconds: 7,
      model: 'm "quoted"',
      text: '{"label": "sp\u00e4m\\n"}\ud83d\ude00',
      usage: { promptTokens: 3, completionTokens: 4, source: 'counted' as const },
    }
    const events: string[] = []
    const reader = sseReader({ onData: (data) => events.push(data), maxEventChars: 1e6 })
    reader.push(new TextEncoder().encode(completionEvents(answer, { includeUsage })))
    expect(events.at(-1)).toBe('[DONE]')
    const plain = JSON.parse(completionBody(answer))
    const streamed = assembled(events)
    expect(streamed).toMatchObject({ id: plain.id, created: 7, model: plain.model })
    expect(streamed).toMatchObject({
      choices: [{ message: { content: plain.choices[0].message.content }, finish_reason: 'stop' }],
    })
    expect('usage' in streamed).toBe(includeUsage)
  },
)
