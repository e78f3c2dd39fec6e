// The encoder: BERT's architecture with learned positions and normalisation after each block (Devlin et al., 2018),
// which MiniLM, bge, e5, RoBERTa, XLM-RoBERTa and DistilBERT share. One graph for training and inference: what differs
// between them (which layers, dropout, how queries, keys and values are multiplied) is said in its form.
import type { Dim } from '../../graph/dim.ts'
import {
  add,
  attention,
  concat,
  gather,
  gelu,
  input,
  layerNormalization,
  linear,
  parameter,
  relu,
  reshape,
  scalar,
  scale,
  slice,
  sub,
} from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import type { EncoderActivation, EncoderConfig } from './encoder-config.ts'
import type { EncoderAdapter, Projection } from './lora.ts'
import { embeddingParts, encoderTensors, type LayerPart, layerParts } from './weight-names.ts'

// B: texts of a batch, T: tokens of the longest of them, H: hidden size.
const B: Dim = 'batch'
const T: Dim = 'time'

/** Names of what an encoder is fed. */
export const encoderInputs = {
  /** int32 [B, T]; padding holds any token. */
  ids: 'ids',
  /** int32 [B, T]: 0 for the first text, 1 for the second. */
  types: 'types',
  /** float32 [B, T]: 1 for a token, 0 for padding, which comes last. */
  mask: 'mask',
  /** float32 [B, T, H]: hidden states, where the lower layers are not part of the graph. */
  hidden: 'hidden',
  /** float32 [B, T, H]: rows of the table of words, where that is not part of the graph. */
  words: 'words',
} as const

/** What is dropped in training, by place; inference has none. */
export interface EncoderDropout {
  /** x [B, T, H] with some of its units dropped. */
  hidden(x: Value, place: string): Value
  /** Factors of the attention weights [B, heads, T, T]; `undefined` where none are dropped. */
  attention(place: string): Value | undefined
}

export interface EncoderForm {
  /** Layers that are not part of the graph: 0 begins with ids, k with the hidden states that k layers made. */
  readonly from?: number
  /** Layers below this one are part of the graph; all by default. */
  readonly to?: number
  /** The graph of the layers before `from`, which this one goes on from instead of being fed hidden states. */
  readonly below?: EncoderGraph
  /** True: token types are fed; false: all tokens are of the first text. */
  readonly pairs?: boolean
  /** True: queries, keys and values come from one multiplication by joined weights, which are joined when loaded. */
  readonly joined?: boolean
  readonly dropout?: EncoderDropout
  /** What stands beside the projections of its layers. */
  readonly adapter?: EncoderAdapter
  /** True: the rows of the table of words are fed instead of the ids. */
  readonly wordsFed?: boolean
  /** [B, T, H], added to the embeddings before they are normalised: what is known of tokens besides their ids. */
  readonly added?: Value
}

/** Values of an encoder's graph. */
export interface EncoderGraph {
  /** float32 [B, T, H]; what padding has is without meaning. */
  readonly hidden: Value
  /** float32 [B, T]. */
  readonly mask: Value
}

/** Hidden states of the texts fed, in the form asked for. */
export function encoderGraph(config: EncoderConfig, form: EncoderForm = {}): EncoderGraph {
  const parameters = encoderParameters(config)
  const mask = form.below?.mask ?? input(encoderInputs.mask, [B, T])
  const bias = attentionBias(mask)
  const from = form.from ?? 0
  const fed = (): Value =>
    from === 0 ? embedded(config, form, parameters) : input(encoderInputs.hidden, [B, T, config.hidden])
  let hidden = form.below?.hidden ?? fed()
  for (let layer = from; layer < (form.to ?? config.layers); layer++) {
    hidden = encoderLayer(config, form, { layer, hidden, bias, parameters })
  }
  return { hidden, mask }
}

/** float32 [B, T, H]: rows of the table of words for the ids fed. */
export function wordRows(config: EncoderConfig): Value {
  return gather(encoderParameters(config)(embeddingParts.words), input(encoderInputs.ids, [B, T], 'int32'))
}

type Parameters = (name: string) => Value

function encoderParameters(config: EncoderConfig): Parameters {
  const shapes = new Map(encoderTensors(config).map(({ name, shape }) => [name, shape]))
  const made = new Map<string, Value>()
  return (name) => {
    const known = made.get(name) ?? parameter(name, shapes.get(name)!)
    made.set(name, known)
    return known
  }
}

/** −10,000 where a key is padding, else 0: [B, 1, 1, T]. */
function attentionBias(mask: Value): Value {
  return scale(sub(scalar(1), reshape(mask, [B, 1, 1, T])), -10_000)
}

function embedded(config: EncoderConfig, form: EncoderForm, parameters: Parameters): Value {
  const { pairs, dropout, added } = form
  const words = form.wordsFed
    ? input(encoderInputs.words, [B, T, config.hidden])
    : gather(parameters(embeddingParts.words), input(encoderInputs.ids, [B, T], 'int32'))
  const { firstPosition, positions } = config
  const table = parameters(embeddingParts.positions)
  // Tokens are in order and padding is last, so that their positions are the table's first rows.
  const rows = firstPosition === 0 ? table : slice(table, { axis: 0, start: firstPosition, end: positions })
  const places = slice(rows, { axis: 0, start: 0, end: T })
  const sum = config.types === 0 ? places : withTypes(places, pairs ?? false, parameters)
  const all = added ? add(add(words, sum), added) : add(words, sum)
  const embeddings = normalised(all, embeddingParts.norm, config, parameters)
  return dropout ? dropout.hidden(embeddings, 'embeddings') : embeddings
}

function withTypes(places: Value, pairs: boolean, parameters: Parameters): Value {
  const table = parameters(embeddingParts.types)
  if (pairs) return add(gather(table, input(encoderInputs.types, [B, T], 'int32')), places)
  return add(places, slice(table, { axis: 0, start: 0, end: 1 }))
}

interface LayerInputs {
  readonly layer: number
  readonly hidden: Value
  readonly bias: Value
  readonly parameters: Parameters
}

function encoderLayer(config: EncoderConfig, form: EncoderForm, inputs: LayerInputs): Value {
  const { layer, hidden, bias, parameters } = inputs
  const prefix = `encoder.layer.${layer}`
  const nameOf = (part: LayerPart): string => `${prefix}.${layerParts[part]}`
  const adapted = (y: Value, part: Projection, x: Value): Value => {
    const low = form.adapter?.(layer, part, x)
    return low ? add(y, low) : y
  }
  const through = (x: Value, part: Projection): Value => {
    const [weight, offset] = [parameters(`${nameOf(part)}.weight`), parameters(`${nameOf(part)}.bias`)]
    return adapted(linear(x, weight, offset, { transposeWeight: true }), part, x)
  }
  const dropped = (x: Value, place: string): Value => form.dropout?.hidden(x, `${prefix}.${place}`) ?? x

  const [queries, keys, values] = form.joined
    ? joinedProjections(config, hidden, (part, kind) => parameters(`${nameOf(part)}.${kind}`), adapted)
    : ([through(hidden, 'query'), through(hidden, 'key'), through(hidden, 'value')] as const)
  const options = { heads: config.heads, bias, dropout: form.dropout?.attention(`${prefix}.attention`) }
  const attended = through(attention(queries, keys, values, options), 'attentionOutput')
  const middle = normalised(
    add(dropped(attended, 'attentionOutput'), hidden),
    nameOf('attentionNorm'),
    config,
    parameters,
  )
  const inner = activations[config.activation](through(middle, 'intermediate'))
  const outer = dropped(through(inner, 'output'), 'output')
  return normalised(add(outer, middle), nameOf('outputNorm'), config, parameters)
}

const joinedParts = ['query', 'key', 'value'] as const

function joinedProjections(
  { hidden: width }: EncoderConfig,
  hidden: Value,
  tensor: (part: LayerPart, kind: 'weight' | 'bias') => Value,
  adapted: (y: Value, part: Projection, x: Value) => Value,
): readonly [Value, Value, Value] {
  const join = (kind: 'weight' | 'bias'): Value =>
    concat(
      joinedParts.map((part) => tensor(part, kind)),
      0,
    )
  const all = linear(hidden, join('weight'), join('bias'), { transposeWeight: true })
  const part = (index: 0 | 1 | 2): Value =>
    adapted(
      slice(all, { axis: 2, start: index * width, end: (index + 1) * width }),
      joinedParts[index],
      hidden,
    )
  return [part(0), part(1), part(2)]
}

function normalised(x: Value, name: string, config: EncoderConfig, parameters: Parameters): Value {
  const options = { epsilon: config.layerNormEpsilon }
  return layerNormalization(x, parameters(`${name}.weight`), parameters(`${name}.bias`), options)
}

const activations: { readonly [Name in EncoderActivation]: (x: Value) => Value } = {
  gelu: (x) => gelu(x),
  'gelu-tanh': (x) => gelu(x, { form: 'tanh' }),
  relu,
}
