import { Tokenizer as Library } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTokenizer } from './parse-tokenizer.ts'
import type { Encoding, Tokenizer } from './tokenizer.ts'
import { byteLevelJson, unigramJson, wordPieceJson } from './tokenizer-fixtures.contract.ts'

const makers = { wordPieceJson, byteLevelJson, unigramJson }
const tokenizers = Object.entries(makers).map(
  ([name, make]) => [name, parseTokenizer(make(), `${name}/tokenizer.json`)] as const,
)
const [wordPiece, byteLevel, unigram] = tokenizers.map(([, tokenizer]) => tokenizer) as [
  Tokenizer,
  Tokenizer,
  Tokenizer,
]

/** `piece|slice of the text` of every token. */
function described(tokenizer: Tokenizer, text: string): readonly string[] {
  const { ids, starts, ends } = tokenizer.encode(text)
  return Array.from(ids, (id, at) => `${tokenizer.pieceOf(id)}|${text.slice(starts[at], ends[at])}`)
}

/** Text that is hard to keep the place in. */
const nastyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        ...[
          'hello world',
          'café',
          'cafe\u0301',
          'e\u0301\u0323',
          'İ',
          'ΟΔΟΣ',
          'ﬁ',
          '①',
          '½',
          '中国人',
          '𠀀',
          '한',
          '\u1112\u1161\u11ab',
          'ｶﾞ',
        ],
        ...[
          '👨‍👩‍👧',
          '❤️',
          '🇩🇪',
          '[SEP]',
          '<s>',
          '</s>',
          '[MASK]',
          '\u200b',
          '\u0000',
          '\u0007',
          '\ufffd',
          '\ufeff',
          '\u0301',
          ' \u0301',
        ],
        ...[
          ' ',
          '  ',
          '\t',
          '\r\n',
          '\u00a0',
          '\u3000',
          '\u0085',
          'unaffable',
          '\ud800',
          '\udc00',
          '´',
          '\u00ad',
        ],
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** What a gap between tokens may hold: white space and what normalising takes out. */
const gap = /^(?:[\p{White_Space}\p{M}\p{C}\ufffd]|[\ud800-\udfff])*$/u

/** What is wrong with the spans of a text's tokens, `undefined` where nothing is. */
function spanProblem(text: string, { ids, starts, ends }: Encoding): string | undefined {
  let covered = 0
  let previous = 0
  for (let token = 0; token < ids.length; token++) {
    const start = starts[token]!
    const end = ends[token]!
    if (start < previous) return `token ${token} starts at ${start}, before the one before it at ${previous}`
    if (end < start || end > text.length) return `token ${token} goes from ${start} to ${end}`
    if (start > covered && !gap.test(text.slice(covered, start))) return `a gap at ${covered}`
    covered = Math.max(covered, end)
    previous = start
  }
  return gap.test(text.slice(covered)) ? undefined : `a gap at ${covered}`
}

describe.each(tokenizers)('%s', (name, tokenizer) => {
  it('gives spans that rebuild the text together with white space and what was taken out', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        expect(spanProblem(text, tokenizer.encode(text))).toBeUndefined()
      }),
      { numRuns: 1500 },
    )
  })

  it('never reads a special token from a text', () => {
    const names = ['[PAD]', '[CLS]', '[SEP]', '[MASK]', '<s>', '<pad>', '</s>', '<mask>']
    const special = new Set(names.map((special) => tokenizer.idOf(special)).filter((id) => id !== undefined))
    expect(special.size).toBe(4)
    fc.assert(
      fc.property(nastyText, (text) => tokenizer.encode(text).ids.every((id) => !special.has(id))),
      { numRuns: 500 },
    )
  })

  it('has the same ids as the library for texts without special tokens', () => {
    const library = new Library(makers[name as keyof typeof makers](), {})
    const words = fc.constantFrom(
      'hello',
      'world',
      'Hello',
      'WORLD',
      'unaffable',
      'new',
      'york',
      'café',
      '中国',
      '人',
      '€',
      ',',
      '...',
      '12',
      'x-y',
      '(a)',
      '!',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), fc.constantFrom(' ', '  ', ''), (parts, between) => {
        const text = parts.join(between)
        expect([...tokenizer.encode(text).ids]).toEqual(
          library.encode(text, { add_special_tokens: false }).ids,
        )
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['words', 'hello new york '.repeat(7000)],
    ['one word', 'a'.repeat(100_000)],
    ['one character of 100,000 marks', `e${'\u0301'.repeat(100_000)}`],
    ['Chinese', '中国人'.repeat(33_334)],
    ['emoji', '👨‍👩‍👧'.repeat(12_500)],
    ['blanks', ' '.repeat(100_000)],
    ['punctuation', '!?'.repeat(50_000)],
  ])('reads a text of 100,000 characters in less than a second: %s', (_, text) => {
    const began = performance.now()
    checkBounds(tokenizer.encode(text), text)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it('has no tokens for an empty text', () => {
    expect(tokenizer.encode('').ids).toHaveLength(0)
  })
})

function checkBounds({ ids, ends }: Encoding, text: string): void {
  expect(ends.length).toBe(ids.length)
  expect(Math.max(0, ...ends.slice(-1))).toBeLessThanOrEqual(text.length)
}

describe('WordPiece', () => {
  it('has slices that are the piece once normalised', () => {
    const normal = (text: string): string =>
      Array.from(text.replace(/[\p{C}\ufffd]/gu, ''), (character) =>
        character
          .normalize('NFD')
          .replace(/\p{Mn}/gu, '')
          .toLowerCase(),
      ).join('')
    fc.assert(
      fc.property(nastyText, (text) => {
        const { ids, starts, ends } = wordPiece.encode(text)
        ids.forEach((id, at) => {
          const piece = wordPiece.pieceOf(id)!
          if (id === wordPiece.unknownId) return
          const slice = normal(text.slice(starts[at], ends[at]))
          // A character that becomes several may be cut between pieces, which then all have it.
          expect(slice).toContain(piece.length > 2 ? piece.replace(/^##/, '') : piece)
        })
      }),
      { numRuns: 1500 },
    )
  })

  it.each([
    ['Hello unaffable', ['hello|Hello', 'un|un', '##aff|aff', '##able|able']],
    ['café cafe\u0301!', ['cafe|café', 'cafe|cafe\u0301', '!|!']],
    ['中国人', ['中|中', '国|国', '人|人']],
    ['a\u0000b\u200bc', ['a|a', '##b|b', '##c|c']],
    ['x 👨‍👩‍👧 y', ['x|x', '[UNK]|👨‍👩‍👧', 'y|y']],
    ['𠀀𠀁', ['[UNK]|𠀀', '[UNK]|𠀁']],
    ['[SEP]', ['[|[', 'sep|SEP', ']|]']],
    ['İx', ['i|İ', '##x|x']],
  ])('reads %j', (text, expected) => {
    expect(described(wordPiece, text)).toEqual(expected)
  })

  it('takes a word of more than 100 characters for unknown and knows its place', () => {
    expect(described(wordPiece, `a ${'b'.repeat(101)} c`)).toEqual(['a|a', `[UNK]|${'b'.repeat(101)}`, 'c|c'])
  })
})

describe('byte-level BPE', () => {
  it.each([
    ['hello world', ['hello|hello', 'Ġwor|wor', 'l|l', 'd|d']],
    ['é中', ['Ã©|é', 'ä¸Ń|中']],
    ['人', ['ä|人', 'º|人', 'º|人']],
    ['<s>', ['<|<', 's|s', '>|>']],
  ])('reads %j', (text, expected) => {
    expect(described(byteLevel, text)).toEqual(expected)
  })
})

describe('Unigram', () => {
  it.each([
    ['hello  world', ['▁hello|hello', '▁world|world']],
    ['ｈello', ['▁hello|ｈello']],
    ['中国', ['▁|', '中国|中国']],
    ['é e\u0301', ['▁|', 'é|é', '▁|', 'é|e\u0301']],
    ['a€€b', ['▁|', 'a|a', '<unk>|€€', 'b|b']],
  ])('reads %j', (text, expected) => {
    expect(described(unigram, text)).toEqual(expected)
  })

  it('does not find </s> in a text, though the vocabulary has it', () => {
    const ids = [...unigram.encode('a</s>b').ids]
    expect(ids).not.toContain(2)
  })
})

it('reads added tokens that are ordinary words as one token', () => {
  const json = wordPieceJson()
  const added = {
    content: 'Covid',
    special: false,
    normalized: true,
    single_word: true,
    lstrip: false,
    rstrip: false,
  }
  const tokenizer = parseTokenizer(
    { ...json, added_tokens: [...(json.added_tokens as object[]), { id: 200, ...added }] },
    'x',
  )
  expect(described(tokenizer, 'a covid, covidb')).toEqual([
    ...['a|a', 'Covid|covid', ',|,', 'c|c', '##o|o', '##v|v', '##i|i', '##d|d', '##b|b'],
  ])
  expect(tokenizer.vocabularySize).toBe(201)
})

it('knows special ids, the length and the templates', () => {
  expect(wordPiece).toMatchObject({ padId: 0, unknownId: 1, maskId: 4, maxLength: 16 })
  expect(byteLevel).toMatchObject({ padId: 1, unknownId: undefined, maskId: 4, maxLength: undefined })
  expect(unigram).toMatchObject({ padId: 1, unknownId: 3 })
  expect(
    byteLevel.template.pair.map((part) => (part.kind === 'special' ? part.id : 'ab'[part.part])),
  ).toEqual([...[0, 'a', 2, 2, 'b', 2]])
  expect(unigram.template.pair).toEqual(byteLevel.template.pair)
  expect(wordPiece.template.pair.map((part) => part.typeId)).toEqual([0, 0, 0, 1, 1])
})

it('reads no added token where normalising leaves nothing of it', () => {
  const json = wordPieceJson()
  const nothing = { id: 200, content: '\u00ad', special: false, normalized: true, single_word: false }
  const with200 = { ...json, added_tokens: [...(json.added_tokens as object[]), nothing] }
  const [plain, added] = [json, with200].map((one) => parseTokenizer(one, 'tokenizer.json'))
  expect([...added!.encode('hello new').ids]).toEqual([...plain!.encode('hello new').ids])
})
