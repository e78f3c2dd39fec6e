import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokenBuffer, createTokeniser, cutAt, isInsideWord, unitKind, unitKinds } from './tokens.ts'

function tokensOf(text: string, cuts: readonly number[] = []): readonly string[] {
  const buffer = createTokenBuffer()
  createTokeniser(cuts).tokenise(text, buffer)
  return Array.from({ length: buffer.count }, (_, t) => text.slice(buffer.starts[t], buffer.ends[t]))
}

test('words, the punctuation around them, and clauses within', () => {
  expect(tokensOf('Call "Dr. Smith-Jones", now!')).toEqual([
    ...['Call', '"', 'Dr', '.', 'Smith-Jones', '"', ',', 'now', '!'],
  ])
  expect(tokensOf("It's 12:30, i.e. 1,234.50 and/or £5...")).toEqual([
    ...['It', "'s", '12:30', ',', 'i.e', '.', '1,234.50', 'and', '/', 'or', '£', '5', '...'],
  ])
})

test('names and tags of the net, and links, stay whole', () => {
  expect(tokensOf('@paul #cool http://t.co/a,b?c=1 (see)')).toEqual([
    ...['@paul', '#cool', 'http://t.co/a,b?c=1', '(', 'see', ')'],
  ])
})

test('scripts without spaces are cut at every character, and characters are never halved', () => {
  expect(tokensOf('高勇，1966年MBA生')).toEqual(['高', '勇', '，', '1966', '年', 'MBA', '生'])
  expect(tokensOf('ok👍🏽😀 e\u0301t\u00e9')).toEqual(['ok', '👍', '🏽', '😀', 'e\u0301t\u00e9'])
})

test('a learned cut holds everywhere, and those inside words are told apart', () => {
  const text = 'iPhone7 from Apple-Store'
  const inner = cutAt(text, text.indexOf('-'))
  expect(tokensOf(text, [inner])).toEqual(['iPhone7', 'from', 'Apple', '-Store'])
  expect(isInsideWord(inner)).toBe(false)
  expect(isInsideWord(cutAt(text, 1))).toBe(true)
  expect(tokensOf(text, [cutAt(text, 6)])).toEqual(['iPhone', '7', 'from', 'Apple-Store'])
})

test('tokens are in order, apart, never empty, and hold every unit that is not space', () => {
  const cut = cutAt('a-b', 1)
  const buffer = createTokenBuffer()
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
      createTokeniser([cut]).tokenise(text, buffer)
      let at = 0
      let rebuilt = ''
      for (let t = 0; t < buffer.count; t++) {
        const [start, end] = [buffer.starts[t]!, buffer.ends[t]!]
        expect(start).toBeGreaterThanOrEqual(at)
        expect(end).toBeGreaterThan(start)
        for (let unit = at; unit < start; unit++)
          expect(unitKind(text.charCodeAt(unit))).toBe(unitKinds.space)
        rebuilt += text.slice(at, end)
        at = end
      }
      expect(rebuilt + text.slice(at)).toBe(text)
      expect(
        text
          .slice(at)
          .split('')
          .every((unit) => unitKind(unit.charCodeAt(0)) === unitKinds.space),
      ).toBe(true)
    }),
  )
})
