// Emissions from dense inputs: one hidden layer over the inputs of a token and its two neighbours on each side
// (Collobert 2011, "Natural language processing (almost) from scratch"), trained with Adagrad and dropout.
import type { Random } from '../../base/random.ts'
import { createDenseMemory, type DenseMemory, paddedLength } from '../linear/dense-memory.ts'

/** Tokens on each side that the network sees. */
export const reach = 2
const windowTokens = 2 * reach + 1

/** Sizes: D inputs a token (a multiple of 16), H hidden units, K outputs. */
export interface NetworkShape {
  readonly inputs: number
  readonly hidden: number
  readonly outputs: number
}

/** The weights: H rows of 5 · D, and K rows of padded H + 1, biases last. */
export interface NetworkWeights {
  readonly first: Float32Array
  readonly second: Float32Array
}

export interface NetworkSettings {
  readonly rate: number
  /** Share of hidden units, and of tokens' inputs, that are left out at each step. */
  readonly dropout: number
  readonly tokenDropout: number
  /** Tokens of the longest text. */
  readonly mostTokens: number
}

/** A network in training. */
export interface WindowTrainer {
  /** Adds K outputs a token to `emissions`; units are dropped where a random stream is given. */
  forward(
    inputs: Float32Array,
    firstToken: number,
    tokens: number,
    emissions: Float32Array,
    random?: Random,
  ): void
  /** Takes a step along the gradient of the last text, T x K. */
  backward(gradient: Float32Array, tokens: number): void
  /** The weights themselves, which further steps change. */
  readonly weights: NetworkWeights
}

const firstSquare = 1e-2
const keptInputs = 16 // the last of a token, which no dropout takes

/** A network with random first and zero second layer, and what trains it. */
export function createWindowTrainer(
  shape: NetworkShape,
  settings: NetworkSettings,
  random: Random,
): WindowTrainer {
  const { inputs: D, hidden: H, outputs: K } = shape
  const place = placeNetwork(shape, settings.mostTokens, random)
  const { memory, first, second, units, columns, inputView, unitsView, outView, backView } = place
  const { kernels } = memory
  const keptScale = 1 / (1 - settings.dropout)

  function forwardToken(t: number, stream: Random | undefined): void {
    const row = place.unitsAt + t * units * 4
    kernels.multiply(row, first.values, place.input + t * D * 4, H, columns)
    const from = t * units
    for (let j = 0; j < H; j++) {
      const value = unitsView[from + j]!
      const dropped = value <= 0 || (stream !== undefined && stream.next() < settings.dropout)
      unitsView[from + j] = dropped ? 0 : stream ? value * keptScale : value
    }
    unitsView[from + H] = 1
    kernels.multiply(place.out, second.values, row, K, units)
  }

  /** Adds the gradient of a token, whose slopes are in `outView`. */
  function backwardToken(t: number): void {
    const row = place.unitsAt + t * units * 4
    kernels.addOuter(second.gradient, place.out, row, K, units)
    backView.fill(0)
    kernels.multiplyTransposed(place.back, second.values, place.out, K, units)
    const from = t * units
    for (let j = 0; j < H; j++) backView[j] = unitsView[from + j] === 0 ? 0 : backView[j]! * keptScale
    kernels.addOuter(first.gradient, place.back, place.input + t * D * 4, H, columns)
  }

  return {
    weights: place.weights,
    forward(inputs, firstToken, tokens, emissions, stream) {
      placeInputs(inputView, inputs.subarray(firstToken * D, (firstToken + tokens) * D), D)
      if (stream) dropTokens(inputView, tokens, D, settings.tokenDropout, stream)
      for (let t = 0; t < tokens; t++) {
        forwardToken(t, stream)
        for (let k = 0; k < K; k++) emissions[t * K + k]! += outView[k]!
      }
    },
    backward(gradient, tokens) {
      for (let t = 0; t < tokens; t++) {
        let largest = 0
        for (let k = 0; k < K; k++) {
          outView[k] = gradient[t * K + k]!
          largest = Math.max(largest, Math.abs(outView[k]!))
        }
        if (largest > 0) backwardToken(t)
      }
      kernels.adagrad(first.values, first.squares, first.gradient, settings.rate, H * columns)
      kernels.adagrad(second.values, second.squares, second.gradient, settings.rate, K * units)
    },
  }
}

/** Lays out weights, gradients and one text's numbers in a memory of their own. */
function placeNetwork(
  { inputs: D, hidden: H, outputs: K }: NetworkShape,
  mostTokens: number,
  random: Random,
) {
  const memory = createDenseMemory()
  const columns = windowTokens * D
  const units = paddedLength(H + 1)
  const [first, second] = [placeLayer(memory, H * columns), placeLayer(memory, K * units)]
  const input = memory.allocate((mostTokens + 2 * reach) * D * 4)
  const unitsAt = memory.allocate(mostTokens * units * 4)
  const [out, back] = [memory.allocate(paddedLength(K) * 4), memory.allocate(units * 4)]
  const view = (address: number, length: number): Float32Array =>
    new Float32Array(memory.buffer(), address, length) // nothing is allocated any more: views stay valid
  const weights = { first: view(first.values, H * columns), second: view(second.values, K * units) }
  const spread = Math.sqrt(3 / columns)
  for (let i = 0; i < weights.first.length; i++) weights.first[i] = (random.next() * 2 - 1) * spread
  return {
    ...{ memory, columns, units, first, second, input, unitsAt, out, back, weights },
    inputView: view(input, (mostTokens + 2 * reach) * D),
    unitsView: view(unitsAt, mostTokens * units),
    outView: view(out, K),
    backView: view(back, units),
  }
}

/** Copies a text's inputs between zeros that stand for the tokens before and after it. */
function placeInputs(target: Float32Array, inputs: Float32Array, D: number): void {
  target.fill(0, 0, reach * D)
  target.set(inputs, reach * D)
  target.fill(0, reach * D + inputs.length, 2 * reach * D + inputs.length)
}

/** Forgets the embeddings of some tokens; the flags behind them stay. */
function dropTokens(target: Float32Array, tokens: number, D: number, share: number, random: Random): void {
  for (let t = 0; t < tokens; t++) {
    if (random.next() < share) target.fill(0, (reach + t) * D, (reach + t + 1) * D - keptInputs)
  }
}

interface Layer {
  readonly values: number
  readonly squares: number
  readonly gradient: number
}

function placeLayer(memory: DenseMemory, count: number): Layer {
  return {
    values: memory.place(new Float32Array(count)),
    squares: memory.place(new Float32Array(count).fill(firstSquare)),
    gradient: memory.allocate(count * 4),
  }
}
