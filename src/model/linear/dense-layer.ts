// One layer of weights placed in a memory, run in whole numbers: 8 bits a weight, 16 an input.
import { type DenseMemory, paddedLength } from './dense-memory.ts'
import type { QuantisedRows } from './quantised.ts'

/** A layer as it is kept: R rows of padded columns, and R biases. */
export interface DenseLayer {
  readonly weights: QuantisedRows
  readonly biases: Float32Array
}

/** A layer that is ready to run. */
export interface PlacedLayer {
  /** Outputs of the rows from `firstRow` (0), as many as `target` is long. */
  run(input: Float32Array, target: Float32Array, firstRow?: number): void
  /** Bytes held in the memory. */
  readonly sizeBytes: number
  dispose(): void
}

// Products of 127 and this, summed over 4,096 columns, stay below 2^31.
const largestInput = 4095
const mostColumns = 4096

/** Places a layer in a memory that many may share; the arrays that it came in are not held on to. */
export function placeLayer(memory: DenseMemory, { weights, ...layer }: DenseLayer): PlacedLayer {
  const { columns, values } = weights
  const [scales, biases] = [weights.scales.slice(), layer.biases.slice()]
  const address = memory.place(values)
  const rows = biases.length
  const outAddress = memory.workspace(paddedLength(rows) * 4 + Math.min(columns, mostColumns) * 2)
  const inputAddress = outAddress + paddedLength(rows) * 4
  let input = new Int16Array(0)
  let out = new Float32Array(0)
  return {
    sizeBytes: values.byteLength + scales.byteLength + biases.byteLength,
    run(numbers, target, firstRow = 0) {
      const count = target.length
      if (count === 0) return
      const buffer = memory.buffer()
      if (input.buffer !== buffer) {
        input = new Int16Array(buffer, inputAddress, columns)
        out = new Float32Array(buffer, outAddress, rows)
      }
      const step = quantiseInput(numbers, input)
      memory.kernels.multiplyInt8(outAddress, address + firstRow * columns, inputAddress, count, columns)
      for (let r = 0; r < count; r++) {
        target[r] = out[r]! * step * scales[firstRow + r]! + biases[firstRow + r]!
      }
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
