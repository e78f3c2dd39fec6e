import { describe, expect, test } from 'vitest'
import { asked } from '../../question-answering.contract.ts'
import { tinyBase } from '../tiny-base.contract.ts'
import { learntRow } from './learnt-windows.ts'
import { questionRow } from './question-rows.ts'
import { questionWindows, type WindowLimits } from './question-windows.ts'
import { createQuestionReader } from './read-context.ts'
import { createWordReader, wordCodes, wordRarity } from './read-words.ts'
import { fitRanker } from './sentence-ranker.ts'
import { sentencesOf } from './sentences.ts'
import { markPair } from './token-marks.ts'

const readWords = createWordReader()
const words = { ranker: fitRanker([]) }
const { tokenizer } = tinyBase(1, 'ada lives in oslo tom eats soup where does live nothing else happened')
const limits: WindowLimits = { tokens: 24, questionTokens: 8, most: 4 }

describe('words', () => {
  test('a word and its inflections have one code, others do not, symbols have none', () => {
    const { codes } = readWords('Invaded invades ocean , 3')
    expect(codes[0]).toBe(codes[1])
    expect(codes[2]).not.toBe(codes[0])
    expect(codes[3]).toBe(-1)
    expect(codes[4]).toBeGreaterThanOrEqual(0)
  })

  test('each character of a script without spaces is a word', () => {
    const { starts, codes } = readWords('住在柏林')
    expect([...starts]).toEqual([0, 1, 2, 3])
    expect(new Set(codes).size).toBe(4)
  })

  test('a word in every text is less rare than one in few, and one in none is rarest', () => {
    const rarity = wordRarity(['the cat', 'the dog', 'the sea'].map(readWords))
    const [the, cat, none] = readWords('the cat unseen').codes
    expect(rarity[the!]).toBeLessThan(rarity[cat!]!)
    expect(rarity[cat!]).toBeLessThan(rarity[none!]!)
  })
})

describe('sentences', () => {
  const cut = (text: string): readonly string[] =>
    sentencesOf(text).map(({ start, end }) => text.slice(start, end))

  test('they cover the text', () => {
    for (const text of [
      '',
      'One.',
      ' a. B! C?  d',
      '她住在柏林。他吃面包！',
      '\n\nOne\nTwo. three.',
      '...',
      '. . A',
    ])
      expect(cut(text).join('')).toBe(text)
  })

  test('a sentence ends before a capital, an abbreviation does not end one', () => {
    expect(cut('He saw Dr. Who. Then 3.5 days passed. "Oh." It ended.')).toEqual([
      ...['He saw Dr. Who. ', 'Then 3.5 days passed. ', '"Oh." ', 'It ended.'],
    ])
    expect(cut('nothing happened. more of e.g. this')).toEqual(['nothing happened. ', 'more of e.g. this'])
    expect(cut('她住在柏林。他吃面包！')).toEqual(['她住在柏林。', '他吃面包！'])
  })
})

describe('marks', () => {
  const reader = createQuestionReader(tokenizer)
  const context = reader.context('Tom eats soup. Ada lives in Oslo.')
  const rarity = wordRarity(['in a', 'in b', 'in c', 'in d', 'in e', 'in f', 'in g'].map(readWords))

  test('shared words are marked by rarity, missing ones in the question, tokens by distance', () => {
    const {
      question,
      context: marks,
      overlap,
    } = markPair(reader.question('where does Ada live in Rome?'), context, { ...words, rarity })
    const at = (text: string): number => context.tokens.starts.indexOf(context.text.indexOf(text))
    expect(marks.match[at('Ada')]).toBeGreaterThan(marks.match[at(' in') + 1] ?? 0)
    expect(marks.match[at('Oslo')]).toBe(0)
    expect(marks.near[at('Oslo')]).toBeLessThan(marks.near[at('Tom')]!)
    expect(marks.shape[at('Oslo')]).toBe(2)
    expect(question.match[2]).toBe(4)
    expect(question.match[0]).toBeGreaterThan(4)
    expect(overlap.shares[1]).toBeGreaterThan(overlap.shares[0]!)
    expect(overlap.absent).toBeGreaterThan(0)
    expect(overlap.absent).toBeLessThan(1)
  })

  test('a question without words, or of unknown ones, marks nothing as shared', () => {
    for (const text of ['', '?!', 'ᚠᛇᚻ']) {
      const { context: marks, overlap } = markPair(reader.question(text), context, { ...words, rarity })
      expect(marks.match.every((mark) => mark === 0)).toBe(true)
      expect([...overlap.shares]).toEqual([0, 0])
    }
  })
})

describe('windows', () => {
  const reader = createQuestionReader(tokenizer)
  const filler = 'nothing else happened. '
  const windowsOf = (text: string, given = limits) => {
    const [question, context] = [reader.question('where does Ada live?'), reader.context(text)]
    const marked = markPair(question, context, { ...words, rarity: wordRarity([readWords(text)]) })
    return { context, windows: questionWindows(tokenizer, { question, context, marked }, given) }
  }

  test('a short text is one window: the question, the text, and where the text begins', () => {
    const { context, windows } = windowsOf('Ada lives in Oslo.')
    expect(windows).toHaveLength(1)
    const { ids, types, place, from, to, marks } = windows[0]!
    expect([...ids.subarray(place, place + to - from)]).toEqual([...context.tokens.ids])
    expect([...types.subarray(place)]).toEqual(new Array(ids.length - place).fill(1))
    expect(marks.match).toHaveLength(ids.length)
  })

  test('windows overlap and none is longer than the limit', () => {
    const { context, windows } = windowsOf(filler.repeat(12), { ...limits, most: 100 })
    expect(windows.length).toBeGreaterThan(2)
    windows.forEach(({ ids, from }, at) => {
      expect(ids.length).toBeLessThanOrEqual(limits.tokens)
      if (at > 0) expect(from).toBeLessThan(windows[at - 1]!.to)
    })
    expect(windows.at(-1)!.to).toBe(context.tokens.ids.length)
  })

  test('of a long text those are read that share most with the question', () => {
    const { context, windows } = windowsOf(`${filler.repeat(40)}Ada lives in Oslo. ${filler.repeat(40)}`)
    expect(windows).toHaveLength(limits.most)
    const token = context.tokens.starts.indexOf(context.text.indexOf('Oslo'))
    expect(windows.some(({ from, to }) => from <= token && token < to)).toBe(true)
  })

  test('a text without tokens has none', () => {
    expect(windowsOf('').windows).toEqual([])
    expect(windowsOf(' \n').windows).toEqual([])
  })
})

describe('windows to learn from', () => {
  const reading = {
    tokenizer,
    reader: createQuestionReader(tokenizer),
    knowledge: { ...words, rarity: new Float32Array(wordCodes).fill(1) },
    limits,
  }
  const filler = 'nothing else happened. '

  test('the places are those of the answer, of several answers in equal parts', () => {
    const row = asked('where does Ada live?', 'Ada lives in {Oslo}.')
    const { window, begins, ends, answered } = learntRow(questionRow(row, reading)).answered!
    expect(answered).toBe(true)
    const { tokens, text } = reading.reader.context('Ada lives in Oslo.')
    const place = window.place + tokens.starts.indexOf(text.indexOf('Oslo'))
    expect([begins[place], ends[place]]).toEqual([1, 1])
    const others = [{ start: 10, end: 17, text: 'in Oslo' }]
    const output = { ...row.output, others } as typeof row.output
    const { answered: several } = learntRow(questionRow({ ...row, output }, reading))
    expect(several!.begins[place]).toBe(0.5)
    expect(several!.begins[place - 1]).toBe(0.5)
    expect(several!.ends[place]).toBe(1)
  })

  test('a long text gives a window with the answer and one without', () => {
    const row = questionRow(asked('where does Ada live?', `${filler.repeat(9)}Ada lives in {Oslo}.`), reading)
    const { answered, decoy } = learntRow(row)
    expect(answered!.answered).toBe(true)
    expect(answered!.begins.reduce((sum, share) => sum + share, 0)).toBe(1)
    expect(decoy!.answered).toBe(false)
    const none = learntRow(questionRow(asked('where?', filler.repeat(9)), reading))
    expect(none.answered).toBeUndefined()
    expect(none.decoy).toBeDefined()
    expect(learntRow(questionRow(asked('where?', ' '), reading))).toEqual({})
  })
})
