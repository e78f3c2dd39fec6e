// One hidden layer over a text's embedding, `W2 · relu(W1 · x + b1) + b2`, in whole numbers: 8 bits a weight,
// 16 an input. The part of the nano tier that carries over from one word to another of like meaning.
import { type DenseMemory, paddedLength } from './dense-memory.ts'
import type { QuantisedRows } from './quantised.ts'

/** A layer as it is kept: R rows of padded columns, and R biases. */
export interface DenseLayer {
  readonly weights: QuantisedRows
  readonly biases: Float32Array
}

/** The two layers: H x D and C x H, columns padded with zeros to whole blocks. */
export interface PerceptronWeights {
  readonly first: DenseLayer
  readonly second: DenseLayer
}

/** A perceptron placed in a memory, ready to run. */
export interface Perceptron {
  /** C logits of an embedding; the array is written over by the next call. */
  logits(embedding: Float32Array): Float32Array
  /** Gives its memory back; it cannot be used afterwards. */
  dispose(): void
}

// Products of 127 and this, summed over 4,096 columns, stay below 2^31.
const largestInput = 4095
const mostColumns = 4096

/** Places weights in a memory that many perceptrons may share. */
export function placePerceptron(memory: DenseMemory, { first, second }: PerceptronWeights): Perceptron {
  const layers = [placeLayer(memory, first), placeLayer(memory, second)] as const
  const hidden = new Float32Array(first.biases.length)
  const out = new Float32Array(second.biases.length)
  return {
    logits(embedding) {
      layers[0].run(embedding, hidden)
      for (let j = 0; j < hidden.length; j++) if (hidden[j]! < 0) hidden[j] = 0
      layers[1].run(hidden, out)
      return out
    },
    dispose() {
      for (const layer of layers) layer.dispose()
    },
  }
}

interface PlacedLayer {
  run(input: Float32Array, target: Float32Array): void
  dispose(): void
}

function placeLayer(memory: DenseMemory, { weights, biases }: DenseLayer): PlacedLayer {
  const { columns, scales, values } = weights
  const address = memory.place(values)
  const rows = biases.length
  const outAddress = memory.workspace(paddedLength(rows) * 4 + Math.min(columns, mostColumns) * 2)
  const inputAddress = outAddress + paddedLength(rows) * 4
  let input = new Int16Array(0)
  let out = new Float32Array(0)
  return {
    run(numbers, target) {
      const buffer = memory.buffer()
      if (input.buffer !== buffer) {
        input = new Int16Array(buffer, inputAddress, columns)
        out = new Float32Array(buffer, outAddress, rows)
      }
      const step = quantiseInput(numbers, input)
      memory.kernels.multiplyInt8(outAddress, address, inputAddress, rows, columns)
      for (let r = 0; r < rows; r++) target[r] = out[r]! * step * scales[r]! + biases[r]!
    },
    dispose: () => memory.release(address, values.byteLength),
  }
}

/** Cuts numbers to 16-bit ones, zeros behind them, and gives what one of these stands for. */
function quantiseInput(numbers: Float32Array, target: Int16Array): number {
  let largest = 0
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!
    if (value > largest) largest = value
    else if (-value > largest) largest = -value
  }
  const factor = largest > 0 ? largestInput / largest : 0
  // Cutting instead of rounding loses a 4,095th at most and is five times as fast.
  for (let i = 0; i < numbers.length; i++) target[i] = numbers[i]! * factor
  target.fill(0, numbers.length)
  return largest / largestInput
}
