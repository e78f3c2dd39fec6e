import { describe, expect, test } from 'vitest'
import { maxTokensOf, parseEncoderConfig } from './encoder-config.ts'
import { parsePooling } from './pooling-config.ts'
import { tinyConfigJson } from './tiny-encoder.contract.ts'

const parse = (json: unknown) => parseEncoderConfig(json, 'config.json')

describe('the configuration of an encoder', () => {
  test('MiniLM is read as it is published', () => {
    const published = {
      ...{ architectures: ['BertModel'], attention_probs_dropout_prob: 0.1, hidden_act: 'gelu' },
      ...{ hidden_dropout_prob: 0.1, hidden_size: 384, intermediate_size: 1536, layer_norm_eps: 1e-12 },
      ...{ max_position_embeddings: 512, model_type: 'bert', num_attention_heads: 12, num_hidden_layers: 6 },
      ...{ pad_token_id: 0, position_embedding_type: 'absolute', type_vocab_size: 2, vocab_size: 30522 },
    }
    expect(parse(published)).toEqual({
      ...{ family: 'bert', hidden: 384, layers: 6, heads: 12, intermediate: 1536, vocabulary: 30522 },
      ...{
        positions: 512,
        firstPosition: 0,
        types: 2,
        activation: 'gelu',
        layerNormEpsilon: 1e-12,
        padId: 0,
      },
      dropout: { hidden: 0.1, attention: 0.1 },
    })
  })

  test("RoBERTa's positions begin after the padding's, so that two of them are no room for tokens", () => {
    const config = parse(tinyConfigJson('roberta'))
    expect(config).toMatchObject({ family: 'roberta', firstPosition: 2, padId: 1, activation: 'gelu-tanh' })
    expect(maxTokensOf(config)).toBe(38)
    expect(parse({ ...tinyConfigJson('roberta'), model_type: 'xlm-roberta' }).family).toBe('roberta')
  })

  test('DistilBERT has no token types', () => {
    expect(parse(tinyConfigJson('distilbert'))).toMatchObject({ family: 'distilbert', types: 0, hidden: 16 })
  })

  test.each([
    ['no architecture', {}, /"model_type" is missing/],
    ['another architecture', { model_type: 'llama' }, /"llama" is not known; expected one of bert/],
    ['a size that is missing', { ...tinyConfigJson('bert'), hidden_size: undefined }, /"hidden_size"/],
    ['a size that is a fraction', { ...tinyConfigJson('bert'), hidden_size: 1.5 }, /"hidden_size"/],
    ['heads that do not fit', { ...tinyConfigJson('bert'), num_attention_heads: 3 }, /16 is not a multiple/],
    [
      'relative positions',
      { ...tinyConfigJson('bert'), position_embedding_type: 'relative_key' },
      /"position_embedding_type"/,
    ],
    ['an unknown activation', { ...tinyConfigJson('bert'), hidden_act: 'silu' }, /"hidden_act"/],
    ['a decoder', { ...tinyConfigJson('bert'), is_decoder: true }, /"is_decoder"/],
    ['no room for a token', { ...tinyConfigJson('roberta'), max_position_embeddings: 4 }, /4 positions/],
    ['padding outside the vocabulary', { ...tinyConfigJson('bert'), pad_token_id: 50 }, /padding token 50/],
  ])('it is refused with %s, and the message says so', (_, json, message) => {
    expect(() => parse(json)).toThrow(message)
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'model.config' }))
  })
})

describe('the configuration of pooling', () => {
  const module = (kind: string) => ({ path: kind, type: `sentence_transformers.models.${kind}` })

  test('it is read as sentence-transformers writes it', () => {
    const modules = [module('Transformer'), module('Pooling')]
    const mean = { pooling_mode_mean_tokens: true, pooling_mode_cls_token: false }
    expect(parsePooling([...modules, module('Normalize')], mean)).toEqual({ mode: 'mean', normalize: true })
    const first = { pooling_mode_mean_tokens: false, pooling_mode_cls_token: true }
    expect(parsePooling(modules, first)).toEqual({ mode: 'cls', normalize: false })
  })

  test('a model without one is read with the mean of its tokens, scaled to length 1', () => {
    expect(parsePooling(undefined, undefined)).toEqual({ mode: 'mean', normalize: true })
  })

  test('what is not carried out is refused', () => {
    const modules = [module('Transformer'), module('Pooling'), module('Dense')]
    expect(() => parsePooling(modules, { pooling_mode_mean_tokens: true })).toThrow(/"Dense" is not known/)
    expect(() => parsePooling(undefined, { pooling_mode_max_tokens: true })).toThrow(/a pooling other than/)
    const both = { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true }
    expect(() => parsePooling(undefined, both)).toThrow(/a pooling other than/)
  })
})
