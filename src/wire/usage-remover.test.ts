import fc from 'fast-check'
import { expect, test } from 'vitest'
import { usageRemover } from './usage-remover.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function removed(pieces: readonly Uint8Array[], maxEventBytes = 1e6): string {
  const remover = usageRemover({ maxEventBytes })
  return Buffer.concat([...pieces.map((piece) => remover.push(piece)), remover.end()]).toString()
}

const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
const event = (value: unknown, end = '\n\n'): string => `data: ${JSON.stringify(value)}${end}`

test.each([
  ['the event that reports usage', event({ id: 'c', choices: [], usage }), ''],
  [
    'a member that says there is none',
    event({ choices: [{ delta: {} }], usage: null }),
    event({ choices: [{ delta: {} }] }),
  ],
  ['a first member', 'data: {"usage": null , "choices":[1]}\n\n', 'data: { "choices":[1]}\n\n'],
  [
    'with carriage returns',
    'data: {"choices":[],"usage":{}}\r\n\r\ndata: [DONE]\r\n\r\n',
    'data: [DONE]\r\n\r\n',
  ],
])('%s is taken out', (_, stream, rest) => {
  expect(removed([bytes(stream)])).toBe(rest)
})

test.each([
  ['usage beside an answer, which an upstream gives unasked', event({ choices: [{ delta: {} }], usage })],
  ['the word in a text', event({ choices: [{ delta: { content: ',"usage":null,"choices":[]' } }] })],
  ['a member of a part', event({ choices: [{ usage: null, delta: {} }] })],
  [
    'what is no chunk',
    'data: {"usage":\n\n: "usage":null\n\nevent: usage\ndata: "usage"\n\ndata: [DONE]\n\n',
  ],
  ['an event that nothing ends', 'data: {"choices":[{}]'],
  ['\u00e4\u4f60\ud83d\ude00', event({ choices: [{ delta: { content: '\u00e4\u4f60\ud83d\ude00' } }] })],
])('%s passes as it came', (_, stream) => {
  expect(removed([bytes(stream)])).toBe(stream)
})

test('an event too long to be read passes, and those after it are read', () => {
  const long = event({ choices: [{ delta: { content: 'x'.repeat(500) } }], usage: null })
  const pieces = Array.from(bytes(long + event({ choices: [], usage }) + event(1)), (byte) =>
    Uint8Array.of(byte),
  )
  expect(removed(pieces, 100)).toBe(long + event(1))
})

test('wherever the pieces end, the client sees the stream of a call that did not ask', () => {
  const content = fc.string({ unit: 'grapheme' })
  const end = fc.constantFrom('\n\n', '\r\n\r\n', '\r\r')
  fc.assert(
    fc.property(fc.array(fc.tuple(content, end)), fc.array(fc.nat(), { maxLength: 30 }), (texts, cuts) => {
      const chunk = (text: string) => ({ id: 'c', choices: [{ index: 0, delta: { content: text } }] })
      const plain = texts.map(([text, close]) => event(chunk(text), close)).join('')
      const asked = texts.map(([text, close]) => event({ ...chunk(text), usage: null }, close)).join('')
      const whole = bytes(asked + event({ id: 'c', choices: [], usage }))
      const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b)
      const pieces = [0, ...places].map((from, at) => whole.subarray(from, places[at] ?? whole.length))
      expect(removed(pieces)).toBe(plain)
      expect(removed(Array.from(whole, (byte) => Uint8Array.of(byte)))).toBe(removed([whole]))
    }),
  )
})
