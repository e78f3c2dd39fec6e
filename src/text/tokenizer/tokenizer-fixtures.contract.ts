/** Tiny tokenizers for tests, in the format of tokenizer.json, one of each model. */
import { byteCharacters } from './bpe.ts'

function addedTokens(contents: readonly string[], firstId: number): readonly object[] {
  return contents.map((content, index) => ({
    ...{ id: firstId + index, content, special: true, normalized: false },
    ...{ single_word: false, lstrip: false, rstrip: false },
  }))
}

const letters = Array.from('abcdefghijklmnopqrstuvwxyz0123456789')

/** BERT's: lower case, no accents, `##` pieces. */
export function wordPieceJson(): Record<string, unknown> {
  const pieces = [
    ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
    ...['hello', 'world', 'cafe', 'un', '##aff', '##able', 'sep', 'new', 'york', '中', '国', '人'],
    ...letters,
    ...letters.map((letter) => `##${letter}`),
    ...Array.from('.,!?[]()-/:#<>'),
  ]
  return {
    version: '1.0',
    truncation: { max_length: 16, strategy: 'LongestFirst', stride: 0 },
    padding: null,
    added_tokens: addedTokens(pieces.slice(0, 5), 0),
    normalizer: {
      ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true },
      ...{ strip_accents: null, lowercase: true },
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##' },
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  }
}

/** RoBERTa's: bytes, `Ġ` for a blank. */
export function byteLevelJson(): Record<string, unknown> {
  const merges = [
    'h e',
    'l l',
    'he ll',
    'hell o',
    'Ġ w',
    'Ġw o',
    'Ġwo r',
    'Ã ©',
    'ä ¸',
    'ä¸ Ń',
    '< s',
    '<s >',
  ]
  const pieces = [
    ...['<s>', '<pad>', '</s>', '<unk>', '<mask>'],
    ...byteCharacters(),
    ...merges.map((merge) => merge.replace(' ', '')).filter((piece) => piece !== '<s>'),
  ]
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(pieces.slice(0, 5), 0),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      ...{ type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 0] },
      ...{ trim_offsets: true, add_prefix_space: false },
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '' },
      ...{ end_of_word_suffix: '', fuse_unk: false, byte_fallback: false, ignore_merges: false },
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
    },
  }
}

/** XLM-RoBERTa's: pieces with scores, `▁` for a blank, NFKC. */
export function unigramJson(): Record<string, unknown> {
  const pieces: readonly (readonly [string, number])[] = [
    ...(['<s>', '<pad>', '</s>', '<unk>'] as const).map((piece) => [piece, 0] as const),
    ...[['▁', -2] as const, ['▁hello', -3] as const, ['▁world', -3.5] as const],
    ...[['中国', -4] as const, ['é', -5] as const, ['lo', -4.5] as const],
    ...letters.map((letter, index) => [letter, -6 - index / 100] as const),
    ['<mask>', 0],
  ]
  return {
    version: '1.0',
    truncation: null,
    padding: {
      ...{ strategy: 'BatchLongest', direction: 'Right', pad_to_multiple_of: null },
      ...{ pad_id: 1, pad_type_id: 0, pad_token: '<pad>' },
    },
    added_tokens: [
      ...addedTokens(['<s>', '<pad>', '</s>', '<unk>'], 0),
      ...addedTokens(['<mask>'], pieces.length - 1),
    ],
    normalizer: { type: 'NFKC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
      ],
      special_tokens: {
        '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
        '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
      },
    },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: { type: 'Unigram', unk_id: 3, byte_fallback: false, vocab: pieces },
  }
}
