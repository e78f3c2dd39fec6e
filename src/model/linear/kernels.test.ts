import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createKernels } from './kernels.ts'
import { Memory } from './web-assembly.ts'

const rows = 5
const columns = 32
const memory = new Memory({ initial: 1 })
const kernels = createKernels(memory)
const random = seededRandom(1)

/** A view of the memory filled with normal numbers. */
function filled(offset: number, length: number): Float32Array {
  const view = new Float32Array(memory.buffer, offset, length)
  view.forEach((_, i) => {
    view[i] = random.normal()
  })
  return view
}

test('multiply is the product of a matrix and a vector', () => {
  const matrix = filled(1024, rows * columns)
  const input = filled(4096, columns)
  kernels.multiply(0, 1024, 4096, rows, columns)
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let c = 0; c < columns; c++) sum += matrix[row * columns + c]! * input[c]!
    expect(new Float32Array(memory.buffer, 0, rows)[row]).toBeCloseTo(sum, 4)
  }
})

test('multiplyInt8 is the exact product of whole numbers', () => {
  const matrix = new Int8Array(memory.buffer, 1024, rows * columns).map(() => random.below(255) - 127)
  new Int8Array(memory.buffer, 1024, rows * columns).set(matrix)
  const input = new Int16Array(memory.buffer, 4096, columns).map(() => random.below(16383) - 8191)
  new Int16Array(memory.buffer, 4096, columns).set(input)
  kernels.multiplyInt8(0, 1024, 4096, rows, columns)
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let c = 0; c < columns; c++) sum += matrix[row * columns + c]! * input[c]!
    expect(new Float32Array(memory.buffer, 0, rows)[row]! / sum).toBeCloseTo(1, 5)
  }
})

test('addRowsInt8 is the weighted sum of rows of any width', () => {
  const width = 19
  const weights = new Int8Array(memory.buffer, 1024, 40 * width + 16)
  weights.forEach((_, i) => {
    weights[i] = random.below(255) - 127
  })
  const chosen = [3, 39, 0, 3]
  new Int32Array(memory.buffer, 4096, 4).set(chosen.map((row) => 1024 + row * width))
  const factors = filled(8192, 4)
  kernels.addRowsInt8(0, 4096, 8192, 4, width)
  for (let c = 0; c < width; c++) {
    const expected = chosen.reduce((sum, row, i) => sum + factors[i]! * weights[row * width + c]!, 0)
    expect(new Float32Array(memory.buffer, 0, width)[c]).toBeCloseTo(expected, 3)
  }
})

test('multiplyTransposed adds the rows, each times its factor, and passes over zeros', () => {
  const matrix = filled(1024, rows * columns)
  const input = filled(4096, rows)
  input[2] = 0
  const out = filled(0, columns)
  const before = out.slice()
  kernels.multiplyTransposed(0, 1024, 4096, rows, columns)
  for (let c = 0; c < columns; c++) {
    let sum = before[c]!
    for (let row = 0; row < rows; row++) sum += matrix[row * columns + c]! * input[row]!
    expect(out[c]).toBeCloseTo(sum, 4)
  }
})

test('addOuter adds the outer product', () => {
  const matrix = filled(1024, rows * columns)
  const before = matrix.slice()
  const left = filled(0, rows)
  left[1] = 0
  const right = filled(4096, columns)
  kernels.addOuter(1024, 0, 4096, rows, columns)
  for (let i = 0; i < matrix.length; i++) {
    const expected = before[i]! + left[Math.floor(i / columns)]! * right[i % columns]!
    expect(matrix[i]).toBeCloseTo(expected, 4)
  }
})

test('adagrad steps by the rate over the root of the squares so far, and empties the gradient', () => {
  const values = filled(0, columns)
  const before = values.slice()
  const squares = filled(1024, columns)
  squares.forEach((value, i) => {
    squares[i] = Math.abs(value) + 0.1
  })
  const squaresBefore = squares.slice()
  const gradient = filled(2048, columns)
  const gradientBefore = gradient.slice()
  kernels.adagrad(0, 1024, 2048, 0.1, columns)
  for (let i = 0; i < columns; i++) {
    const square = squaresBefore[i]! + gradientBefore[i]! ** 2
    expect(squares[i]).toBeCloseTo(square, 4)
    expect(values[i]).toBeCloseTo(before[i]! - (0.1 * gradientBefore[i]!) / Math.sqrt(square), 4)
    expect(gradient[i]).toBe(0)
  }
})
