// Tiny seeded encoders of each family for tests, and the forward pass written out in loops to compare with.
import { type Random, seededRandom } from '../../base/random.ts'
import { type StoredTensor, type TensorSource, tensorsInMemory } from '../weights/tensor-source.ts'
import type { EncoderConfig, EncoderFamily } from './encoder-config.ts'
import { parseEncoderConfig } from './encoder-config.ts'
import { encoderTensors, type LayerPart, layerTensor } from './weight-names.ts'

interface TinySizes {
  readonly hidden: number
  readonly heads: number
  readonly layers: number
  readonly intermediate: number
  readonly vocabulary: number
  readonly positions: number
}

const sizes: TinySizes = { hidden: 16, heads: 2, layers: 3, intermediate: 32, vocabulary: 50, positions: 40 }

/** What the families publish as their configuration, with tiny sizes. */
export function tinyConfigJson(family: EncoderFamily, changes: Partial<TinySizes> = {}): object {
  const { hidden, heads, layers, intermediate, vocabulary, positions } = { ...sizes, ...changes }
  if (family === 'distilbert') {
    return {
      ...{
        model_type: 'distilbert',
        dim: hidden,
        n_heads: heads,
        n_layers: layers,
        hidden_dim: intermediate,
      },
      ...{ vocab_size: vocabulary, max_position_embeddings: positions },
    }
  }
  return {
    ...{ model_type: family, hidden_size: hidden, num_attention_heads: heads, num_hidden_layers: layers },
    ...{ intermediate_size: intermediate, vocab_size: vocabulary, max_position_embeddings: positions },
    type_vocab_size: family === 'roberta' ? 1 : 2,
    ...(family === 'roberta' && { hidden_act: 'gelu_new' }),
  }
}

/** The configuration of a tiny encoder. */
export function tinyConfig(family: EncoderFamily, changes: Partial<TinySizes> = {}): EncoderConfig {
  return parseEncoderConfig(tinyConfigJson(family, changes), 'config.json')
}

/** Seeded random tensors under the names that a family publishes, `prefix` before each. */
export function tinyTensors(config: EncoderConfig, seed: number, prefix = ''): TensorSource {
  const random = seededRandom(seed)
  const entries = encoderTensors(config).map(
    ({ published, shape, name }) => [prefix + published[0]!, randomTensor(random, name, shape)] as const,
  )
  return tensorsInMemory(new Map(entries))
}

function randomTensor(random: Random, name: string, shape: readonly number[]): StoredTensor {
  const isGain = /LayerNorm\.weight$/.test(name)
  const isLinear = shape.length === 2 && !name.startsWith('embeddings')
  // Words tell more of a token than its place does, as in encoders that are trained.
  const deviation = isLinear ? 1 / Math.sqrt(shape[1]!) : name.includes('word_') ? 1 : 0.05
  const length = shape.reduce((product, size) => product * size, 1)
  return { shape, data: Float32Array.from({ length }, () => (isGain ? 1 : 0) + deviation * random.normal()) }
}

type Rows = number[][]

/** Hidden states [T][H] of one text after each layer, the embeddings' first: loops over arrays of doubles. */
export async function referenceForward(
  config: EncoderConfig,
  source: TensorSource,
  { ids, types }: { readonly ids: readonly number[]; readonly types?: readonly number[] },
): Promise<readonly Rows[]> {
  const table = async (name: string): Promise<Rows> => {
    const { shape, data } = await source.read(name)
    const width = shape.at(-1)!
    return Array.from({ length: data.length / width }, (_, row) => [
      ...data.subarray(row * width, (row + 1) * width),
    ])
  }
  const norm = async (name: string, rows: Rows): Promise<Rows> => {
    const [[gain], [bias]] = [await table(`${name}.weight`), await table(`${name}.bias`)]
    return rows.map((row) => normalise(row, gain!, bias!, config.layerNormEpsilon))
  }
  const words = await table('embeddings.word_embeddings.weight')
  const positions = await table('embeddings.position_embeddings.weight')
  const kinds = config.types > 0 ? await table('embeddings.token_type_embeddings.weight') : undefined
  const sums = ids.map((id, at) =>
    words[id]!.map(
      (word, unit) =>
        word + positions[config.firstPosition + at]![unit]! + (kinds?.[types?.[at] ?? 0]?.[unit] ?? 0),
    ),
  )
  const states = [await norm('embeddings.LayerNorm', sums)]
  for (let layer = 0; layer < config.layers; layer++) {
    const through = async (x: Rows, part: LayerPart): Promise<Rows> => {
      const weight = await table(layerTensor(layer, part, 'weight'))
      const [bias] = await table(layerTensor(layer, part, 'bias'))
      return x.map((row) => weight.map((out, unit) => dot(out, row) + bias![unit]!))
    }
    const hidden = states.at(-1)!
    const [q, k, v] = [
      await through(hidden, 'query'),
      await through(hidden, 'key'),
      await through(hidden, 'value'),
    ]
    const attended = await through(attend(q, k, v, config.heads), 'attentionOutput')
    const middle = await norm(`encoder.layer.${layer}.attention.output.LayerNorm`, sum(attended, hidden))
    const inner = (await through(middle, 'intermediate')).map((row) =>
      row.map(activationOf[config.activation]),
    )
    const outer = await through(inner, 'output')
    states.push(await norm(`encoder.layer.${layer}.output.LayerNorm`, sum(outer, middle)))
  }
  return states
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((total, x, i) => total + x * b[i]!, 0)

const sum = (a: Rows, b: Rows): Rows => a.map((row, r) => row.map((x, i) => x + b[r]![i]!))

function normalise(
  row: readonly number[],
  gain: readonly number[],
  bias: readonly number[],
  epsilon: number,
): number[] {
  const mean = row.reduce((total, x) => total + x, 0) / row.length
  const variance = row.reduce((total, x) => total + (x - mean) ** 2, 0) / row.length
  return row.map((x, i) => ((x - mean) / Math.sqrt(variance + epsilon)) * gain[i]! + bias[i]!)
}

function attend(q: Rows, k: Rows, v: Rows, heads: number): Rows {
  const depth = q[0]!.length / heads
  return q.map((query) =>
    Array.from({ length: heads }, (_, head) => {
      const part = (row: readonly number[]): readonly number[] => row.slice(head * depth, (head + 1) * depth)
      const scores = k.map((key) => Math.exp(dot(part(query), part(key)) / Math.sqrt(depth)))
      const total = scores.reduce((all, score) => all + score, 0)
      return Array.from({ length: depth }, (_, unit) =>
        v.reduce((all, value, at) => all + (scores[at]! / total) * part(value)[unit]!, 0),
      )
    }).flat(),
  )
}

const activationOf: { readonly [Name in EncoderConfig['activation']]: (x: number) => number } = {
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu: (x) => Math.max(x, 0),
}

/** The error function by its Taylor series, exact to 1e-12 where |x| is below 4. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x)
  let [term, total] = [x, x]
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n
    total += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}
