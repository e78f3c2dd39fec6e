// Trains a linear-chain tagger: emissions of sparse features and of a window network, together under the likelihood of
// the whole chain, text by text.
import type { Random } from '../../base/random.ts'
import { createChain } from './chain.ts'
import { type ChainWeights, pairTable, zeroChainWeights } from './chain-weights.ts'
import { createSparseTrainer, type SparseSettings, type TokenRows } from './sparse-emissions.ts'
import type { TagScheme } from './tag-scheme.ts'
import { createWindowTrainer, type NetworkSettings, type NetworkWeights } from './window-network.ts'

/** Tagged texts: N texts, whose tokens stand one after another. */
export interface TaggedTexts {
  /** First token of each text, and behind them the number of tokens. */
  readonly textStarts: Int32Array
  readonly rows: TokenRows
  readonly rowCount: number
  /** D numbers a token. */
  readonly inputs: Float32Array
  readonly inputColumns: number
  readonly tags: Uint8Array
  /** How much each text counts. */
  readonly weights: Float32Array
}

export interface TaggerSettings {
  readonly sparse: SparseSettings
  /** Absent: sparse features alone. */
  readonly network?: Omit<NetworkSettings, 'mostTokens'> & { readonly hidden: number }
  readonly pairRate: number
  readonly margins: Margins
}

/**
 * By how much the right tag must beat the others while training (softmax-margin, Gimpel and Smith 2010): any other,
 * and the tag outside of spans once more, since a missed span is the usual mistake.
 */
export interface Margins {
  readonly any: number
  readonly outside: number
}

/** Weights of a tagger. */
export interface TaggerWeights {
  /** V rows of K. */
  readonly sparse: Float32Array
  readonly network?: NetworkWeights
  readonly chain: ChainWeights
}

/** Training state that can go on epoch by epoch. */
export interface TaggerTrainer {
  /** One pass over the texts in random order; `tick` is called now and then with the share done. Gives the mean loss. */
  epoch(texts: Int32Array, random: Random, tick: (share: number) => void): number
  /** T x K emissions of a text under the weights so far. */
  emissions(text: number, target: Float32Array): void
  /** The weights themselves, which further epochs change. */
  readonly weights: TaggerWeights
}

const smallestGradient = 1e-3
const textsBetweenTicks = 64
// Texts that were told this well the last time are mostly passed over: a third less time, no worse.
const learnedLoss = 0.2
const passedOverShare = 2 / 3

/** A tagger that knows nothing yet. */
export function createTaggerTrainer(
  data: TaggedTexts,
  scheme: TagScheme,
  settings: TaggerSettings,
  random: Random,
): TaggerTrainer {
  const { tagCount: K } = scheme
  const { textStarts, rows, inputs, tags } = data
  const lengths = Array.from(data.weights, (_, text) => textStarts[text + 1]! - textStarts[text]!)
  const mostTokens = lengths.reduce((most, length) => Math.max(most, length), 1)
  const sparse = createSparseTrainer(data.rowCount, K, settings.sparse)
  const network =
    settings.network &&
    createWindowTrainer(
      { inputs: data.inputColumns, hidden: settings.network.hidden, outputs: K },
      { ...settings.network, mostTokens },
      random,
    )
  const chain = createChain(scheme)
  const pairs = createPairTrainer(scheme, settings.pairRate)
  const emissions = new Float32Array(mostTokens * K)
  const gradient = new Float32Array(mostTokens * K)
  const lastLoss = new Float32Array(lengths.length).fill(1e9)

  function forward(text: number, target: Float32Array, stream?: Random): void {
    const first = textStarts[text]!
    target.fill(0, 0, lengths[text]! * K)
    sparse.forward(rows, first, lengths[text]!, target, stream)
    network?.forward(inputs, first, lengths[text]!, target, stream)
  }

  function learn(text: number, stream: Random): number {
    const [first, length] = [textStarts[text]!, lengths[text]!]
    forward(text, emissions, stream)
    const gold = tags.subarray(first, first + length)
    addMargins(emissions, gold, K, settings.margins)
    const logSum = chain.sum(emissions, length, pairs.weights)
    const loss = logSum - chain.scoreOf(gold)
    gradient.fill(0, 0, length * K)
    chain.addTagMarginals(gradient)
    for (let t = 0; t < length; t++) gradient[t * K + gold[t]!]! -= 1
    const weight = data.weights[text]!
    for (let at = 0; at < length * K; at++) {
      const value = gradient[at]!
      gradient[at] = Math.abs(value) < smallestGradient ? 0 : value * weight
    }
    pairs.step(chain.addPairMarginals, gold, weight)
    sparse.backward(rows, first, gradient, length)
    network?.backward(gradient, length)
    return loss
  }

  return {
    weights: { sparse: sparse.weights, chain: pairs.weights, ...(network && { network: network.weights }) },
    emissions: (text, target) => forward(text, target),
    epoch(texts, stream, tick) {
      const order = stream.shuffle(Int32Array.from(texts))
      let loss = 0
      for (let i = 0; i < order.length; i++) {
        const text = order[i]!
        if (lengths[text] === 0) continue
        if (lastLoss[text]! < learnedLoss && stream.next() < passedOverShare) continue
        lastLoss[text] = learn(text, stream)
        loss += lastLoss[text]!
        if (i % textsBetweenTicks === 0) tick(i / order.length)
      }
      return loss / Math.max(1, order.length)
    },
  }
}

function addMargins(emissions: Float32Array, gold: Uint8Array, K: number, { any, outside }: Margins): void {
  for (let t = 0; t < gold.length; t++) {
    const right = gold[t]!
    if (right !== 0) emissions[t * K]! += outside
    for (let k = 0; k < K; k++) if (k !== right) emissions[t * K + k]! += any
  }
}

interface PairTrainer {
  readonly weights: ChainWeights
  step(addExpected: (target: ChainWeights) => void, gold: Uint8Array, weight: number): void
}

function createPairTrainer(scheme: TagScheme, rate: number): PairTrainer {
  const weights = zeroChainWeights(scheme)
  const gradient = zeroChainWeights(scheme)
  const squares = zeroChainWeights(scheme)
  const { tagCount: K } = scheme
  const pairAt = pairTable(scheme)
  return {
    weights,
    step(addExpected, gold, weight) {
      for (const name of ['pairs', 'starts', 'ends'] as const) gradient[name].fill(0)
      addExpected(gradient)
      gradient.starts[gold[0]!]! -= 1
      gradient.ends[gold[gold.length - 1]!]! -= 1
      for (let t = 1; t < gold.length; t++) gradient.pairs[pairAt[gold[t - 1]! * K + gold[t]!]!]! -= 1
      for (const name of ['pairs', 'starts', 'ends'] as const) {
        const [values, slopes, sums] = [weights[name], gradient[name], squares[name]]
        for (let i = 0; i < values.length; i++) {
          const slope = slopes[i]! * weight
          if (slope === 0) continue
          sums[i]! += slope * slope
          values[i]! -= (rate * slope) / Math.sqrt(sums[i]! + 1)
        }
      }
    },
  }
}
