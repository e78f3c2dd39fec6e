import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTokenizer } from './parse-tokenizer.ts'
import { spanOfTokens, tokensOfSpans } from './token-spans.ts'
import { byteLevelJson, unigramJson, wordPieceJson } from './tokenizer-fixtures.contract.ts'

const tokenizers = [wordPieceJson, byteLevelJson, unigramJson].map((make) =>
  parseTokenizer(make(), 'fixture'),
)
const [bert] = tokenizers as [(typeof tokenizers)[number]]

function spanOf(text: string, part: string): { start: number; end: number } {
  const start = text.indexOf(part)
  return { start, end: start + part.length }
}

describe('tokensOfSpans', () => {
  const text = 'Hello unaffable New York!'
  const encoding = bert.encode(text) // hello un ##aff ##able new york !

  it('gives the tokens that a span covers', () => {
    expect(tokensOfSpans(encoding, [spanOf(text, 'New York'), spanOf(text, 'Hello')])).toEqual([
      { first: 4, last: 5, isExact: true },
      { first: 0, last: 0, isExact: true },
    ])
  })

  it('takes the whole token where a span begins or ends inside it, and says so', () => {
    expect(tokensOfSpans(encoding, [spanOf(text, 'affable N')])).toEqual([
      { first: 2, last: 4, isExact: false },
    ])
    expect(tokensOfSpans(encoding, [spanOf(text, 'ffab')])).toEqual([{ first: 2, last: 3, isExact: false }])
  })

  it('does not mind white space at the ends of a span', () => {
    expect(tokensOfSpans(encoding, [spanOf(text, ' New York')])).toEqual([
      { first: 4, last: 5, isExact: true },
    ])
  })

  it('gives a token that two spans reach into to the one with more of it', () => {
    const spans = [spanOf(text, 'New Yo'), spanOf(text, 'rk!')]
    expect(tokensOfSpans(encoding, spans)).toEqual([
      { first: 4, last: 5, isExact: false },
      { first: 6, last: 6, isExact: false },
    ])
    expect(tokensOfSpans(encoding, [spanOf(text, 'H'), spanOf(text, 'ello')])).toEqual([
      undefined,
      { first: 0, last: 0, isExact: false },
    ])
  })

  it('has nothing for a span of white space or of no length', () => {
    expect(
      tokensOfSpans(encoding, [
        { start: 5, end: 6 },
        { start: 3, end: 3 },
      ]),
    ).toEqual([undefined, undefined])
    expect(tokensOfSpans(bert.encode(''), [{ start: 0, end: 0 }])).toEqual([undefined])
  })
})

it('spans that tokens cover come back exactly', () => {
  const words = ['hello', 'café', 'cafe\u0301', '中国', '👨‍👩‍👧', 'İx', 'unaffable', '€€', 'ﬁ', '❤️']
  fc.assert(
    fc.property(
      fc.constantFrom(...tokenizers),
      fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 }),
      fc.nat(),
      (tokenizer, parts, pick) => {
        const at = pick % parts.length
        const start = parts.slice(0, at).join(' ').length + (at > 0 ? 1 : 0)
        const span = { start, end: start + parts[at]!.length }
        const text = parts.join(' ')
        const encoding = tokenizer.encode(text)
        const [range] = tokensOfSpans(encoding, [span])
        expect(range?.isExact).toBe(true)
        expect(spanOfTokens(encoding, text, range!)).toEqual(span)
      },
    ),
    { numRuns: 500 },
  )
})
