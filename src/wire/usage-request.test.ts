import { expect, test } from 'vitest'
import { askingForUsage } from './usage-request.ts'

const asked = (body: string): string | undefined => askingForUsage(Buffer.from(body))?.toString()

test('the option is put first, and every other byte stays as the client wrote it', () => {
  const body = ' {\n  "model" : "m\\u00e4", "temperature":1.0e0,\t"stream":true, "messages":[] }\n'
  expect(asked(body)).toBe(body.replace('{', '{"stream_options":{"include_usage":true},'))
})

test.each([
  ['{"stream_options":null,"a":1.0}', '{"stream_options":{"include_usage":true},"a":1.0}'],
  ['{"a":1.0, "stream_options" : {} }', '{"a":1.0, "stream_options" : {"include_usage":true} }'],
  ['{"stream_options":{"include_usage": false}}', '{"stream_options":{"include_usage": true}}'],
  [
    '{"stream_options":{"include_obfuscation":false}}',
    '{"stream_options":{"include_usage":true,"include_obfuscation":false}}',
  ],
])('options of the client keep what they say: %s', (body, expected) => {
  expect(asked(body)).toBe(expected)
})

test.each([
  '{"stream_options":{"include_usage":false},"stream_options":{}}',
  '{"tools":[{"stream_options":null}]}',
  '{"stream_options":{"deep":{"a":1}}}',
  '{"stop":"stream_options"}',
  '[]',
])('what cannot be done without guessing is not done: %s', (body) => {
  expect(asked(body)).toBeUndefined()
})

test('a text that talks of the option is a text', () => {
  const body = '{"messages":[{"content":"set \\"stream_options\\": null"}]}'
  expect(asked(body)).toBe(body.replace('{', '{"stream_options":{"include_usage":true},'))
})
