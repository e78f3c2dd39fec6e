import { expect, test } from 'vitest'
import { parseTextLimit } from './text-limit.ts'
import { tinyConfig } from './tiny-encoder.contract.ts'

const config = tinyConfig('bert', { positions: 40 })

test('a text has as many tokens as sentence-transformers reads of it, and never more than there are positions', () => {
  const limit = (sentence: unknown, tokenizer: unknown): number => parseTextLimit(config, sentence, tokenizer)
  expect(limit(undefined, undefined)).toBe(40)
  expect(limit({ max_seq_length: 16, do_lower_case: false }, { model_max_length: 32 })).toBe(16)
  expect(limit({ max_seq_length: 16 }, { model_max_length: 8 })).toBe(16)
  expect(limit({ max_seq_length: null }, { model_max_length: 32 })).toBe(32)
  expect(limit({}, { model_max_length: 1e30 })).toBe(40)
  expect(limit({ max_seq_length: 512 }, undefined)).toBe(40)
})

test('a limit that leaves no room for a token is refused with the file that says it', () => {
  expect(() => parseTextLimit(config, { max_seq_length: 2 }, undefined)).toThrow(
    /sentence_bert_config\.json .*max_seq_length/s,
  )
  expect(() => parseTextLimit(config, undefined, { model_max_length: 'long' })).toThrow(
    /tokenizer_config\.json .*model_max_length/s,
  )
})
