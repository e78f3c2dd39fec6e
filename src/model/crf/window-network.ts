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

/** A network with random first and zero second layer, and what trains it. */
export function createWindowTrainer(
  shape: NetworkShape,
  settings: NetworkSettings,
  random: Random,
): WindowTrainer {
  const { inputs: D, hidden: H, outputs: K } = shape
  const memory = createDenseMemory()
  const columns = windowTokens * D
  const units = paddedLength(H + 1)
  const [first, second] = [placeLayer(memory, H * columns), placeLayer(memory, K * units)]
  const input = memory.allocate((settings.mostTokens + 2 * reach) * D * 4)
  const unitsAt = memory.allocate(settings.mostTokens * units * 4)
  const [out, back] = [memory.allocate(paddedLength(K) * 4), memory.allocate(units * 4)]
  const buffer = memory.buffer() // nothing is allocated any more: the views stay valid
  const inputView = new Float32Array(buffer, input, (settings.mostTokens + 2 * reach) * D)
  const unitsView = new Float32Array(buffer, unitsAt, settings.mostTokens * units)
  const outView = new Float32Array(buffer, out, K)
  const backView = new Float32Array(buffer, back, units)
  const firstView = new Float32Array(buffer, first.values, H * columns)
  const secondView = new Float32Array(buffer, second.values, K * units)
  const spread = Math.sqrt(3 / columns)
  for (let i = 0; i < firstView.length; i++) firstView[i] = (random.next() * 2 - 1) * spread
  const { kernels } = memory
  const keptScale = 1 / (1 - settings.dropout)

  function placeInputs(inputs: Float32Array, firstToken: number, tokens: number, stream?: Random): void {
    inputView.fill(0, 0, reach * D)
    inputView.set(inputs.subarray(firstToken * D, (firstToken + tokens) * D), reach * D)
    inputView.fill(0, (reach + tokens) * D, (2 * reach + tokens) * D)
    if (!stream || settings.tokenDropout === 0) return
    for (let t = 0; t < tokens; t++) {
      if (stream.next() >= settings.tokenDropout) continue
      inputView.fill(0, (reach + t) * D, (reach + t + 1) * D - 16)
    }
  }

  return {
    weights: { first: firstView, second: secondView },
    forward(inputs, firstToken, tokens, emissions, stream) {
      placeInputs(inputs, firstToken, tokens, stream)
      for (let t = 0; t < tokens; t++) {
        const row = unitsAt + t * units * 4
        kernels.multiply(row, first.values, input + t * D * 4, H, columns)
        const from = t * units
        for (let j = 0; j < H; j++) {
          const value = unitsView[from + j]!
          const dropped = value <= 0 || (stream !== undefined && stream.next() < settings.dropout)
          unitsView[from + j] = dropped ? 0 : stream ? value * keptScale : value
        }
        unitsView[from + H] = 1
        kernels.multiply(out, second.values, row, K, units)
        for (let k = 0; k < K; k++) emissions[t * K + k]! += outView[k]!
      }
    },
    backward(gradient, tokens) {
      for (let t = 0; t < tokens; t++) {
        let any = 0
        for (let k = 0; k < K; k++) {
          const value = gradient[t * K + k]!
          outView[k] = value
          if (value !== 0) any = 1
        }
        if (any === 0) continue
        const row = unitsAt + t * units * 4
        kernels.addOuter(second.gradient, out, row, K, units)
        backView.fill(0)
        kernels.multiplyTransposed(back, second.values, out, K, units)
        const from = t * units
        for (let j = 0; j < H; j++) backView[j] = unitsView[from + j] === 0 ? 0 : backView[j]! * keptScale
        kernels.addOuter(first.gradient, back, input + t * D * 4, H, columns)
      }
      kernels.adagrad(first.values, first.squares, first.gradient, settings.rate, H * columns)
      kernels.adagrad(second.values, second.squares, second.gradient, settings.rate, K * units)
    },
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
