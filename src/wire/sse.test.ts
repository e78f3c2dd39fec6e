import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sseReader } from './sse.ts'

function read(pieces: readonly Uint8Array[], maxEventChars = 1e6): string[] {
  const events: string[] = []
  const reader = sseReader({ onData: (data) => events.push(data), maxEventChars })
  for (const piece of pieces) reader.push(piece)
  return events
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test.each([
  ['data: a\n\n', ['a']],
  ['data:a\r\n\r\ndata: b\r\rdata: c\n\n', ['a', 'b', 'c']],
  ['data: a\ndata: b\n\n', ['a\nb']],
  [': comment\nevent: x\nid: 1\ndata:  two spaces\n\n', [' two spaces']],
  ['data\n\n', ['']],
  ['\n\ndata: a\n\n\n', ['a']],
  ['data: not ended\n', []],
  ['\ufeffdata: a\n\n', ['a']],
])('%j holds the events %j', (text, events) => {
  expect(read([bytes(text)])).toEqual(events)
})

test('wherever the pieces end, the events are the same', () => {
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
    fc.constantFrom(': note', 'event: x', ''),
  )
  const stream = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')))
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (lines, cuts) => {
      const whole = bytes(`${lines.map(([text, end]) => text + end).join('')}\n\n`)
      const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b)
      const pieces = [0, ...places].map((from, at) => whole.subarray(from, places[at] ?? whole.length))
      expect(read(pieces)).toEqual(read([whole]))
      expect(read(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(read([whole]))
    }),
  )
})

test('an event that is too long is left out and counted, and those after it are read', () => {
  let dropped = 0
  const events: string[] = []
  const reader = sseReader({
    onData: (data) => events.push(data),
    maxEventChars: 100,
    onDropped: () => dropped++,
  })
  for (let i = 0; i < 50; i++) reader.push(bytes(i === 0 ? 'data: xxxxxxx' : 'xxxxxxxxxx'))
  reader.push(bytes('\n\ndata: short\n\n'))
  expect(events).toEqual(['short'])
  expect(dropped).toBe(1)
})
