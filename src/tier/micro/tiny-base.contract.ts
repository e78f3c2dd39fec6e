// A tiny seeded base model with a tokenizer of words and letters, for tests of what is built on encoders.
import { sha256 } from '../../base/hash.ts'
import type { BaseModel } from '../../model/encoder/base-model.ts'
import { encoderSource } from '../../model/encoder/read-encoder.ts'
import { tinyConfig, tinyTensors } from '../../model/encoder/tiny-encoder.contract.ts'
import { parseTokenizer } from '../../text/tokenizer/parse-tokenizer.ts'

const words =
  'please help with my i have a question on what about the there is trouble hello card pin visa plastic loan mortgage interest borrow refund return money back cancel number weather nice'
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789,.:!?']

/** The base; every one with the same seed is the same. `more`: further words that are a piece each. */
export function tinyBase(seed = 1, more = ''): BaseModel {
  const pieces = [
    ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
    ...new Set([...words.split(' '), ...more.split(' ').filter(Boolean), ...letters]),
    ...letters.map((letter) => `##${letter}`),
  ]
  const config = tinyConfig('bert', {
    hidden: 96,
    vocabulary: pieces.length,
    positions: 64,
    layers: 2,
    heads: 4,
  })
  return {
    name: 'tiny',
    digest: sha256(`tiny ${seed}`),
    config,
    pooling: { mode: 'mean', normalize: true },
    textLimit: config.positions,
    tokenizer: parseTokenizer(tokenizerJson(pieces), 'tokenizer.json'),
    tensors: encoderSource(config, tinyTensors(config, seed), 'tiny'),
  }
}

function tokenizerJson(pieces: readonly string[]): object {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } })
  const added = pieces.slice(0, 5).map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  }))
  const token = (id: string) => ({ id, ids: [pieces.indexOf(id)], tokens: [id] })
  const part = { Sequence: { id: 'A', type_id: 0 } }
  return {
    version: '1.0',
    ...{ truncation: null, padding: null, added_tokens: added },
    normalizer: {
      type: 'BertNormalizer',
      ...{ clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), part, special('[SEP]')],
      pair: [special('[CLS]'), part, special('[SEP]'), { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '[CLS]': token('[CLS]'), '[SEP]': token('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      ...{ unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  }
}
