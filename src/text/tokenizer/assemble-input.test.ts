import { describe, expect, it } from 'vitest'
import { assembleInput, sliceEncoding, specialCount, windows } from './assemble-input.ts'
import { parseTokenizer } from './parse-tokenizer.ts'
import { byteLevelJson, wordPieceJson } from './tokenizer-fixtures.contract.ts'

const bert = parseTokenizer(wordPieceJson(), 'bert')
const roberta = parseTokenizer(byteLevelJson(), 'roberta')

function pieces(ids: Int32Array): string {
  return Array.from(ids, (id) => bert.pieceOf(id)).join(' ')
}

describe('assembleInput', () => {
  it('frames one text and a pair as BERT was trained', () => {
    const a = bert.encode('hello world')
    const b = bert.encode('new york')
    const single = assembleInput(bert, [a], { maxLength: 10 })
    expect(pieces(single.ids)).toBe('[CLS] hello world [SEP]')
    expect([...single.typeIds]).toEqual([0, 0, 0, 0])
    const pair = assembleInput(bert, [a, b], { maxLength: 10 })
    expect(pieces(pair.ids)).toBe('[CLS] hello world [SEP] new york [SEP]')
    expect([...pair.typeIds]).toEqual([0, 0, 0, 0, 1, 1, 1])
    expect(pair.parts).toEqual([
      { part: 0, at: 1, from: 0, to: 2 },
      { part: 1, at: 4, from: 0, to: 2 },
    ])
    expect(pair.truncated).toBe(false)
  })

  it('frames a pair as RoBERTa was trained', () => {
    const pair = assembleInput(roberta, [roberta.encode('a'), roberta.encode('b')], { maxLength: 10 })
    const [a, b] = [roberta.idOf('a'), roberta.idOf('b')]
    expect([...pair.ids]).toEqual([0, a, 2, 2, b, 2])
    expect([...pair.typeIds]).toEqual([0, 0, 0, 0, 0, 0])
  })

  it.each([
    ['a b c d e f', 'x y', 8, 'a b c', 'x y'],
    ['a b', 'u v w x y z', 8, 'a b', 'u v w'],
    ['a b c d e f', 'u v w x y z', 8, 'a b', 'u v w'],
    ['a b c d', 'x', 3, '', ''],
  ])('shortens the longer of %j and %j to %i tokens', (first, second, maxLength, left, right) => {
    const input = assembleInput(bert, [bert.encode(first), bert.encode(second)], { maxLength })
    expect(pieces(input.ids)).toBe(['[CLS]', left, '[SEP]', right, '[SEP]'].filter(Boolean).join(' '))
    expect(input.truncated).toBe(true)
  })

  it('keeps a question whole where only its context may be shortened', () => {
    const input = assembleInput(bert, [bert.encode('a b c d'), bert.encode('x y z')], {
      ...{ maxLength: 8, shorten: 'second' as const },
    })
    expect(pieces(input.ids)).toBe('[CLS] a b c d [SEP] x [SEP]')
  })

  it('takes a length without room for the special tokens for a mistake', () => {
    expect(() => assembleInput(bert, [bert.encode('a')], { maxLength: 1 })).toThrow('no room')
    expect(specialCount(bert.template, 2)).toBe(3)
  })
})

describe('windows', () => {
  it.each([
    [0, [[0, 0]]],
    [3, [[0, 3]]],
    [4, [[0, 4]]],
    [
      5,
      [
        [0, 4],
        [1, 5],
      ],
    ],
    [
      9,
      [
        [0, 4],
        [3, 7],
        [5, 9],
      ],
    ],
    [
      10,
      [
        [0, 4],
        [3, 7],
        [6, 10],
      ],
    ],
  ])('cover %i tokens, the last one full', (length, expected) => {
    expect(windows(length, { size: 4, stride: 3 }).map(({ from, to }) => [from, to])).toEqual(expected)
  })

  it('of a text keep the offsets of the whole text', () => {
    const text = 'hello world new york'
    const part = sliceEncoding(bert.encode(text), 2, 4)
    expect(text.slice(part.starts[0], part.ends[1])).toBe('new york')
  })

  it('refuses a stride that would leave tokens out', () => {
    expect(() => windows(10, { size: 4, stride: 5 })).toThrow('cover no text')
  })
})
