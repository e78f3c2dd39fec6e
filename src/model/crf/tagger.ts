// A trained tagger as it is kept and served: weights in eight bits, those near zero left out.
import { type DenseMemory, paddedLength } from '../linear/dense-memory.ts'
import { type Perceptron, type PerceptronWeights, placePerceptron } from '../linear/perceptron.ts'
import { quantiseRows } from '../linear/quantised.ts'
import type { ChainWeights } from './chain-weights.ts'
import { type CodeIndex, createCodeIndex } from './code-index.ts'
import type { TaggerWeights } from './tagger-trainer.ts'
import { type NetworkShape, reach } from './window-network.ts'

/** Weights of features by row, those that are not zero: `tags[i]` and `values[i] · scales[row]`, `i` from `starts[row]`. */
export interface SparseTagWeights {
  readonly codes: Int32Array
  readonly starts: Uint32Array
  readonly tags: Uint8Array
  readonly values: Int8Array
  readonly scales: Float32Array
}

/** A tagger without its reading of texts. */
export interface TaggerModel {
  readonly sparse: SparseTagWeights
  /** The window network; absent where the tagger has sparse features alone. */
  readonly network?: PerceptronWeights
  readonly chain: ChainWeights
}

const smallestWeight = 0.02

/** Whether a feature's weights are kept. */
export function isKept(weights: Float32Array, row: number, K: number): boolean {
  for (let at = row * K; at < (row + 1) * K; at++) if (Math.abs(weights[at]!) >= smallestWeight) return true
  return false
}

/** Rounds and prunes trained weights; `codes` are those of the feature rows. */
export function compactTagger(
  { sparse, network, chain }: TaggerWeights,
  codes: Int32Array,
  shape: NetworkShape,
): TaggerModel {
  const compact = compactSparse(sparse, codes, shape.outputs)
  return network
    ? { sparse: compact, chain, network: perceptronOf(network, shape) }
    : { sparse: compact, chain }
}

function compactSparse(weights: Float32Array, codes: Int32Array, K: number): SparseTagWeights {
  const rows = Int32Array.from(codes.keys()).filter((row) => isKept(weights, row, K))
  const starts = new Uint32Array(rows.length + 1)
  const scales = new Float32Array(rows.length)
  const tags: number[] = []
  const values: number[] = []
  rows.forEach((row, kept) => {
    let largest = 0
    for (let at = row * K; at < (row + 1) * K; at++) largest = Math.max(largest, Math.abs(weights[at]!))
    scales[kept] = largest / 127
    for (let k = 0; k < K; k++) {
      const weight = weights[row * K + k]!
      const value = Math.round(weight / scales[kept]!)
      if (Math.abs(weight) < smallestWeight || value === 0) continue
      tags.push(k)
      values.push(value)
    }
    starts[kept + 1] = tags.length
  })
  return {
    codes: codes.filter((_, row) => isKept(weights, row, K)),
    ...{ starts, scales },
    tags: Uint8Array.from(tags),
    values: Int8Array.from(values),
  }
}

function perceptronOf(
  { first, second }: { first: Float32Array; second: Float32Array },
  { inputs, hidden, outputs }: NetworkShape,
): PerceptronWeights {
  const units = paddedLength(hidden + 1)
  const columns = paddedLength(hidden)
  const matrix = new Float32Array(outputs * columns)
  const biases = new Float32Array(outputs)
  for (let k = 0; k < outputs; k++) {
    matrix.set(second.subarray(k * units, k * units + hidden), k * columns)
    biases[k] = second[k * units + hidden]!
  }
  return {
    first: {
      weights: quantiseRows(first.slice(), (2 * reach + 1) * inputs),
      biases: new Float32Array(hidden),
    },
    second: { weights: quantiseRows(matrix, columns), biases },
  }
}

/** A tagger placed in a memory, ready to give emissions. */
export interface PlacedTagger {
  readonly index: CodeIndex
  /** Adds a token's sparse weights to its K emissions from `at` on; gives how many of its features are known. */
  addSparse(codes: Int32Array, from: number, to: number, emissions: Float32Array, at: number): number
  /** Adds the network's outputs for the inputs of a token and its neighbours, 5 · D numbers. */
  addDense(window: Float32Array, emissions: Float32Array, at: number): void
  readonly sizeBytes: number
  dispose(): void
}

/** Places a tagger's weights in a memory that many may share. */
export function placeTagger(memory: DenseMemory, { sparse, network }: TaggerModel): PlacedTagger {
  const index = createCodeIndex(sparse.codes)
  const { starts, tags, values, scales } = sparse
  const perceptron: Perceptron | undefined = network && placePerceptron(memory, network)
  const networkBytes = network
    ? network.first.weights.values.length + network.second.weights.values.length
    : 0
  return {
    index,
    sizeBytes: networkBytes + 20 * sparse.codes.length + 2 * values.length,
    addSparse(codes, from, to, emissions, at) {
      let known = 0
      for (let i = from; i < to; i++) {
        const row = index.rowOf(codes[i]!)
        if (row < 0) continue
        known++
        const scale = scales[row]!
        const end = starts[row + 1]!
        for (let entry = starts[row]!; entry < end; entry++) {
          emissions[at + tags[entry]!]! += scale * values[entry]!
        }
      }
      return known
    },
    addDense(window, emissions, at) {
      if (!perceptron) return
      const outputs = perceptron.logits(window)
      for (let k = 0; k < outputs.length; k++) emissions[at + k]! += outputs[k]!
    },
    dispose: () => perceptron?.dispose(),
  }
}
