import { expect, test } from 'vitest'
import type { AnswerAssembler } from './answer-assembler.ts'
import { anthropicAssembler } from './anthropic-assembler.ts'
import { responsesAssembler } from './responses-stream.ts'

function pushed(assembler: AnswerAssembler, events: readonly unknown[]): AnswerAssembler {
  for (const event of events) assembler.push(JSON.stringify(event))
  return assembler
}
const answerOf = (assembler: AnswerAssembler): unknown => JSON.parse(assembler.text() ?? 'null')

const started = {
  type: 'message_start',
  message: {
    type: 'message',
    id: 'm',
    model: 'claude',
    content: [],
    usage: { input_tokens: 7, output_tokens: 1 },
  },
}

test('a streamed message is the one that it would have been, with the tokens of its end', () => {
  const assembler = pushed(anthropicAssembler(), [
    started,
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'ping' },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'b' } },
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'tool_use', id: 't', name: 'f', input: {} },
    },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"x":' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '1}' } },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use' },
      usage: { output_tokens: 9, input_tokens: null },
    },
  ])
  expect(assembler.isDone).toBe(false)
  expect(pushed(assembler, [{ type: 'message_stop' }]).isDone).toBe(true)
  expect(answerOf(assembler)).toEqual({
    ...started.message,
    content: [
      { type: 'text', text: 'ab' },
      { type: 'tool_use', id: 't', name: 'f', input: { x: 1 } },
    ],
    stop_reason: 'tool_use',
    usage: { input_tokens: 7, output_tokens: 9 },
  })
})

test('a message that breaks off or ends in an error is what came before', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'x' } }
  expect(answerOf(pushed(anthropicAssembler(), [started, error]))).toEqual(started.message)
  expect(anthropicAssembler().text()).toBeUndefined()
})

test('a streamed response is the one in its last event; broken off, the text that came', () => {
  const begun = { object: 'response', id: 'r', output: [], status: 'in_progress' }
  const whole = { object: 'response', id: 'r', output: [{ type: 'message' }], usage: { input_tokens: 1 } }
  const assembler = pushed(responsesAssembler(), [
    { type: 'response.created', response: begun },
    { type: 'response.output_text.delta', delta: 'a' },
    { type: 'response.output_text.delta', delta: 'b' },
  ])
  expect(answerOf(assembler)).toMatchObject({ id: 'r', output: [{ content: [{ text: 'ab' }] }] })
  pushed(assembler, [{ type: 'response.completed', response: whole }])
  expect(assembler.isDone).toBe(true)
  expect(answerOf(assembler)).toEqual(whole)
  assembler.push('not JSON')
  expect(responsesAssembler().text()).toBeUndefined()
})
