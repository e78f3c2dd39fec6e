import { describe, expect, it } from 'vitest'
import { parseTokenizer, requireRows } from './parse-tokenizer.ts'
import { byteLevelJson, unigramJson, wordPieceJson } from './tokenizer-fixtures.contract.ts'

const wordPiece = parseTokenizer(wordPieceJson(), 'bert/tokenizer.json')

describe('errors name the file and the field', () => {
  const model = wordPieceJson().model as Record<string, unknown>
  const bpe = byteLevelJson().model as Record<string, unknown>
  it.each([
    [[], 'tokenizer.invalid', 'the file is a list of 0'],
    [{}, 'tokenizer.invalid', 'model is missing'],
    [
      { ...wordPieceJson(), model: { ...model, type: 'WordLevel' } },
      'tokenizer.unsupported',
      'model.type is "WordLevel"',
    ],
    [
      { ...wordPieceJson(), normalizer: { type: 'Nmt' } },
      'tokenizer.unsupported',
      'normalizer.type is "Nmt"',
    ],
    [
      {
        ...wordPieceJson(),
        normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Odd' }] },
      },
      ...(['tokenizer.unsupported', 'normalizer.normalizers[1].type is "Odd"'] as const),
    ],
    [
      { ...wordPieceJson(), pre_tokenizer: { type: 'CharDelimiterSplit' } },
      'tokenizer.unsupported',
      'pre_tokenizer.type',
    ],
    [
      {
        ...wordPieceJson(),
        pre_tokenizer: { type: 'Split', pattern: { Regex: '(?i:a)(?>b)' }, behavior: 'Isolated' },
      },
      ...(['tokenizer.unsupported', 'pre_tokenizer.pattern.Regex'] as const),
    ],
    [{ ...wordPieceJson(), post_processor: { type: 'Odd' } }, 'tokenizer.unsupported', 'post_processor.type'],
    [
      { ...wordPieceJson(), model: { ...model, unk_token: '[NONE]' } },
      'tokenizer.invalid',
      'model.unk_token is "[NONE]"',
    ],
    [
      { ...wordPieceJson(), model: { ...model, vocab: { '[UNK]': 1, a: 1 } } },
      'tokenizer.invalid',
      'the same id 1',
    ],
    [
      { ...wordPieceJson(), model: { ...model, vocab: { a: -1 } } },
      'tokenizer.invalid',
      'gives "a" -1 as its id',
    ],
    [
      { ...wordPieceJson(), added_tokens: [{ id: 7, content: '[SEP]', special: true }] },
      ...(['tokenizer.invalid', 'gives "[SEP]" the id 3, and added_tokens gives it 7'] as const),
    ],
    [
      { ...byteLevelJson(), model: { ...bpe, merges: ['a b'] } },
      'tokenizer.invalid',
      'model.merges joins "a" and "b" at 0',
    ],
    [
      { ...byteLevelJson(), model: { ...bpe, end_of_word_suffix: '</w>' } },
      'tokenizer.unsupported',
      'end_of_word_suffix',
    ],
    [
      {
        ...byteLevelJson(),
        post_processor: { type: 'RobertaProcessing', sep: ['</s>', 9], cls: ['<s>', 0] },
      },
      'tokenizer.invalid',
      'post_processor.sep gives "</s>" the id 9, which is 2',
    ],
    [
      { ...unigramJson(), model: { type: 'Unigram', unk_id: 999, vocab: [['a', -1]] }, added_tokens: [] },
      'tokenizer.invalid',
      'unk_id is 999',
    ],
    [
      { ...unigramJson(), normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
      'tokenizer.invalid',
      'normalizer.precompiled_charsmap',
    ],
  ])('%#', (json, code, message) => {
    const read = (): unknown => parseTokenizer(json, 'models/some/tokenizer.json')
    expect(read).toThrow(expect.objectContaining({ code }))
    expect(read).toThrow(message)
    expect(read).toThrow('models/some/tokenizer.json')
  })

  it('says that an embedding table is too small for the tokenizer', () => {
    expect(() => requireRows(wordPiece, 10, 'config.json')).toThrow('config.json')
    expect(() => requireRows(wordPiece, wordPiece.vocabularySize, 'config.json')).not.toThrow()
  })
})
