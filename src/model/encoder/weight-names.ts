// Which tensors an encoder has, their shapes, and what each family of published weights calls them. Shoal's own
// names are BERT's without a prefix; weights that a family lacks (DistilBERT's token types) are not listed.
import type { EncoderConfig, EncoderFamily } from './encoder-config.ts'

/** A tensor of an encoder: its name in Shoal, where published weights may have it, and its shape. */
export interface EncoderTensor {
  readonly name: string
  /** Names to look for, in order. */
  readonly published: readonly string[]
  readonly shape: readonly number[]
}

/** Names of the linear layers and normalisations of one encoder layer, after `encoder.layer.N.`. */
export const layerParts = {
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  attentionOutput: 'attention.output.dense',
  attentionNorm: 'attention.output.LayerNorm',
  intermediate: 'intermediate.dense',
  output: 'output.dense',
  outputNorm: 'output.LayerNorm',
} as const

export type LayerPart = keyof typeof layerParts

/** Names of the tables and of the normalisation that the first hidden states are made by. */
export const embeddingParts = {
  words: 'embeddings.word_embeddings.weight',
  positions: 'embeddings.position_embeddings.weight',
  types: 'embeddings.token_type_embeddings.weight',
  norm: 'embeddings.LayerNorm',
} as const

/** Shoal's name of a weight or bias of a layer, counted from 0. */
export function layerTensor(layer: number, part: LayerPart, kind: 'weight' | 'bias'): string {
  return `encoder.layer.${layer}.${layerParts[part]}.${kind}`
}

/** All tensors of an encoder: first the embeddings', then layer by layer. Linear weights are [out, in], as PyTorch has them. */
export function encoderTensors(config: EncoderConfig): readonly EncoderTensor[] {
  const { hidden, vocabulary, positions, types, layers, family } = config
  const tensor = (name: string, shape: readonly number[]): EncoderTensor => ({
    name,
    published: publishedNames(name, family),
    shape,
  })
  return [
    tensor(embeddingParts.words, [vocabulary, hidden]),
    tensor(embeddingParts.positions, [positions, hidden]),
    ...(types > 0 ? [tensor(embeddingParts.types, [types, hidden])] : []),
    tensor(`${embeddingParts.norm}.weight`, [hidden]),
    tensor(`${embeddingParts.norm}.bias`, [hidden]),
    ...Array.from({ length: layers }, (_, layer) => layerTensors(config, layer)).flat(),
  ]
}

/** The tensors of one layer, counted from 0. */
function layerTensors(config: EncoderConfig, layer: number): readonly EncoderTensor[] {
  return everyPart.flatMap((part) =>
    (['weight', 'bias'] as const).map((kind) => {
      const name = layerTensor(layer, part, kind)
      const published = publishedNames(name, config.family)
      return { name, published, shape: shapeOf[part](config)[kind] }
    }),
  )
}

const everyPart: readonly LayerPart[] = [
  'query',
  'key',
  'value',
  'attentionOutput',
  'attentionNorm',
  'intermediate',
  'output',
  'outputNorm',
]

interface PartShape {
  readonly weight: readonly number[]
  readonly bias: readonly number[]
}

const linear = (from: number, to: number): PartShape => ({ weight: [to, from], bias: [to] })
const square = ({ hidden }: EncoderConfig): PartShape => linear(hidden, hidden)
const norm = ({ hidden }: EncoderConfig): PartShape => ({ weight: [hidden], bias: [hidden] })

const shapeOf: { readonly [Part in LayerPart]: (config: EncoderConfig) => PartShape } = {
  query: square,
  key: square,
  value: square,
  attentionOutput: square,
  attentionNorm: norm,
  intermediate: ({ hidden, intermediate }) => linear(hidden, intermediate),
  output: ({ hidden, intermediate }) => linear(intermediate, hidden),
  outputNorm: norm,
}

/** What comes before the names of an encoder that was published as a part of something: a classifier, a masked language model. */
const prefixes: { readonly [Family in EncoderFamily]: readonly string[] } = {
  bert: ['', 'bert.', 'model.'],
  roberta: ['', 'roberta.', 'model.'],
  distilbert: ['', 'distilbert.', 'model.'],
}

const distilbertParts: { readonly [Part in LayerPart]: string } = {
  query: 'attention.q_lin',
  key: 'attention.k_lin',
  value: 'attention.v_lin',
  attentionOutput: 'attention.out_lin',
  attentionNorm: 'sa_layer_norm',
  intermediate: 'ffn.lin1',
  output: 'ffn.lin2',
  outputNorm: 'output_layer_norm',
}

function publishedNames(name: string, family: EncoderFamily): readonly string[] {
  const own = family === 'distilbert' ? distilbertName(name) : name
  return prefixes[family].flatMap((prefix) => [prefix + own, ...oldNormName(prefix + own)])
}

function distilbertName(name: string): string {
  const inLayer = /^encoder\.layer\.(\d+)\.(.+)\.(weight|bias)$/.exec(name)
  if (!inLayer) return name
  const part = everyPart.find((known) => layerParts[known] === inLayer[2]!)!
  return `transformer.layer.${inLayer[1]}.${distilbertParts[part]}.${inLayer[3]}`
}

/** Weights converted from the first TensorFlow releases say gamma and beta. */
function oldNormName(name: string): readonly string[] {
  if (!name.includes('LayerNorm.')) return []
  return [name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta')]
}
