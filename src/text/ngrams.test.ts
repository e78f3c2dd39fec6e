import { describe, expect, test } from 'vitest'
import { createNgramBuffer, defaultNgrams, extractNgrams, type NgramOptions } from './ngrams.ts'

const buffer = createNgramBuffer()

function codesOf(text: string, options: NgramOptions = defaultNgrams): readonly number[] {
  extractNgrams(text, options, buffer)
  return [...buffer.codes.subarray(0, buffer.count)]
}

const wordsOnly: NgramOptions = { wordLengths: 1, characterLengths: [9, 8], unspacedLengths: 1 }
const shared = (a: readonly number[], b: readonly number[]): number =>
  a.filter((code) => b.includes(code)).length

describe('word n-grams', () => {
  test('each word gives one code, the same wherever it stands, and symbols are words', () => {
    const codes = codesOf('card, lost card!', wordsOnly)
    expect(codes).toHaveLength(5)
    expect(codes[0]).toBe(codes[3])
    expect(new Set(codes).size).toBe(4)
  })

  test('pairs keep their order', () => {
    const pairs = { ...wordsOnly, wordLengths: 2 }
    const [ab, ba] = [codesOf('top up', pairs), codesOf('up top', pairs)]
    expect(ab).toHaveLength(3)
    expect(shared(ab, ba)).toBe(2)
  })

  test('in a script without spaces each character is a word, in runs of up to four', () => {
    const codes = codesOf('我要退款了', { ...wordsOnly, wordLengths: 2, unspacedLengths: 4 })
    expect(codes).toHaveLength(1 + 2 + 3 + 4 + 4)
    const part = codesOf('退款', { ...wordsOnly, wordLengths: 2, unspacedLengths: 4 })
    expect(shared(part, codes)).toBe(3)
  })

  test('Thai and Japanese need no segmenter either', () => {
    for (const [whole, part] of [
      ['ฉันต้องการเงินคืน', 'เงินคืน'],
      ['カードをなくしました', 'カード'],
    ] as const) {
      const codes = codesOf(part)
      expect(shared(codes, codesOf(whole))).toBeGreaterThan(codes.length / 2)
    }
  })
})

describe('character n-grams', () => {
  const characters = (text: string): readonly number[] => codesOf(text).filter((code) => (code & 1) === 1)

  test('they have three to five characters, the ends of the word among them', () => {
    // <cat>: <ca cat at> <cat cat> <cat>
    expect(characters('cat')).toHaveLength(6)
    expect(new Set(characters('cat')).size).toBe(6)
  })

  test('forms of a word share most of them', () => {
    const codes = characters('payments')
    expect(shared(codes, characters('payment'))).toBeGreaterThan(codes.length / 2)
  })

  test('words told apart by their lowest bit from characters', () => {
    const codes = codesOf('two words')
    expect(codes.filter((code) => (code & 1) === 0)).toHaveLength(3)
  })
})

test('empty texts, spaces, lone surrogates and null characters do no harm', () => {
  expect(codesOf('')).toEqual([])
  expect(codesOf(' \n\t')).toEqual([])
  expect(codesOf('\ud83d').length).toBeGreaterThan(0)
  expect(codesOf('a\0b', wordsOnly)).toHaveLength(2)
})

test('a very long word costs no more than its first letters', () => {
  expect(codesOf('x'.repeat(10_000)).length).toBeLessThan(300)
})
