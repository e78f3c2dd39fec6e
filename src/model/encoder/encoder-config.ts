// The one description of an encoder that Shoal knows: BERT (MiniLM, bge, e5), RoBERTa, XLM-RoBERTa and DistilBERT,
// read out of the `config.json` that is published with their weights. What it cannot carry out exactly it refuses.
import { z } from 'zod'
import { appError } from '../../base/errors.ts'

export type EncoderFamily = 'bert' | 'roberta' | 'distilbert'

/** `gelu`: with the error function; `gelu-tanh`: its tanh approximation. */
export type EncoderActivation = 'gelu' | 'gelu-tanh' | 'relu'

export interface EncoderConfig {
  /** Which names the weights have and how positions are counted; XLM-RoBERTa is a RoBERTa. */
  readonly family: EncoderFamily
  /** Width of the hidden states, a multiple of `heads`. */
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  /** Width inside the feed-forward blocks. */
  readonly intermediate: number
  /** Rows of the table of word embeddings. */
  readonly vocabulary: number
  /** Rows of the table of positions. */
  readonly positions: number
  /** The row of the first token: RoBERTa's tables begin after the padding's row. */
  readonly firstPosition: number
  /** Rows of the table of token types; 0 where there is none. */
  readonly types: number
  readonly activation: EncoderActivation
  readonly layerNormEpsilon: number
  readonly padId: number
  /** Probabilities of dropping a hidden unit, and an attention weight, in training. */
  readonly dropout: { readonly hidden: number; readonly attention: number }
}

/** The most tokens that an encoder can read at once, `[CLS]` and `[SEP]` included. */
export function maxTokensOf({ positions, firstPosition }: EncoderConfig): number {
  return positions - firstPosition
}

const size = z.int().positive()
const share = z.number().min(0).lt(1)
const activations = z.enum(['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'relu'])

const bertLike = {
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  vocab_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  hidden_act: activations.default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  position_embedding_type: z.literal('absolute').nullish(),
  hidden_dropout_prob: share.default(0.1),
  attention_probs_dropout_prob: share.default(0.1),
  is_decoder: z.literal(false).nullish(),
}

const published = z.discriminatedUnion('model_type', [
  z.object({ ...bertLike, model_type: z.literal('bert'), pad_token_id: z.int().min(0).default(0) }),
  z.object({
    ...bertLike,
    model_type: z.enum(['roberta', 'xlm-roberta', 'camembert']),
    layer_norm_eps: z.number().positive().default(1e-5),
    pad_token_id: z.int().min(0).default(1),
  }),
  z.object({
    model_type: z.literal('distilbert'),
    dim: size,
    n_layers: size,
    n_heads: size,
    hidden_dim: size,
    vocab_size: size,
    max_position_embeddings: size,
    activation: activations.default('gelu'),
    dropout: share.default(0.1),
    attention_dropout: share.default(0.1),
    pad_token_id: z.int().min(0).default(0),
  }),
])

type Published = z.infer<typeof published>

/** The configuration in a parsed `config.json`; `file` is what errors call it. Throws `model.config`. */
export function parseEncoderConfig(json: unknown, file: string): EncoderConfig {
  const parsed = published.safeParse(json)
  if (!parsed.success) throw refused(file, problemOf(json, parsed.error))
  const config = encoderConfigOf(parsed.data)
  if (config.hidden % config.heads !== 0) {
    throw refused(file, `the hidden size ${config.hidden} is not a multiple of the ${config.heads} heads`)
  }
  if (maxTokensOf(config) < 3) {
    throw refused(file, `${config.positions} positions leave no room for a token between [CLS] and [SEP]`)
  }
  if (config.padId >= config.vocabulary) {
    throw refused(file, `the padding token ${config.padId} is outside the vocabulary of ${config.vocabulary}`)
  }
  return config
}

function encoderConfigOf(published: Published): EncoderConfig {
  if (published.model_type === 'distilbert') {
    return {
      family: 'distilbert',
      hidden: published.dim,
      layers: published.n_layers,
      heads: published.n_heads,
      intermediate: published.hidden_dim,
      ...{ vocabulary: published.vocab_size, positions: published.max_position_embeddings },
      ...{ firstPosition: 0, types: 0 },
      activation: activationNames[published.activation],
      layerNormEpsilon: 1e-12, // a constant in the published code, not in the configuration
      padId: published.pad_token_id,
      dropout: { hidden: published.dropout, attention: published.attention_dropout },
    }
  }
  const isBert = published.model_type === 'bert'
  return {
    family: isBert ? 'bert' : 'roberta',
    hidden: published.hidden_size,
    layers: published.num_hidden_layers,
    heads: published.num_attention_heads,
    intermediate: published.intermediate_size,
    ...{ vocabulary: published.vocab_size, positions: published.max_position_embeddings },
    ...{ firstPosition: isBert ? 0 : published.pad_token_id + 1, types: published.type_vocab_size },
    activation: activationNames[published.hidden_act],
    layerNormEpsilon: published.layer_norm_eps,
    padId: published.pad_token_id,
    dropout: { hidden: published.hidden_dropout_prob, attention: published.attention_probs_dropout_prob },
  }
}

const activationNames: { readonly [Name in z.infer<typeof activations>]: EncoderActivation } = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
}

const knownTypes = ['bert', 'roberta', 'xlm-roberta', 'camembert', 'distilbert']

function problemOf(json: unknown, error: z.ZodError): string {
  const type = z.object({ model_type: z.string() }).safeParse(json)
  if (!type.success) return `"model_type" is missing; expected one of ${knownTypes.join(', ')}`
  if (!knownTypes.includes(type.data.model_type)) {
    return `the architecture "${type.data.model_type}" is not known; expected one of ${knownTypes.join(', ')}`
  }
  return error.issues.map(({ path, message }) => `"${path.join('.')}": ${message}`).join('; ')
}

function refused(file: string, problem: string): Error {
  return appError('model.config', { file, problem })
}
