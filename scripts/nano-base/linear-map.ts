// One matrix that turns the vectors of pieces alone into what pieces add to a sentence: the encoder says
// something else for a lone word than for a word among others. Pieces that no sentence shows get by with it.

/** Rows of `inputs` times the matrix that brings them nearest to `targets`, by ridge regression. */
export interface LinearMap {
  readonly inputWidth: number
  readonly outputWidth: number
  /** `inputWidth` rows of `outputWidth`. */
  readonly weights: readonly Float64Array[]
}

const ridge = 1e-3 // of the mean variance of the inputs

/** Fits the matrix to rows of inputs and targets. */
export function fitLinearMap(
  inputs: Float32Array,
  targets: Float32Array,
  { inputWidth, outputWidth }: { inputWidth: number; outputWidth: number },
): LinearMap {
  const gram = grid(inputWidth, inputWidth)
  const moments = grid(inputWidth, outputWidth)
  for (let row = 0; row * inputWidth < inputs.length; row++) {
    for (let i = 0; i < inputWidth; i++) {
      const value = inputs[row * inputWidth + i]!
      const gramRow = gram[i]!
      for (let j = 0; j <= i; j++) gramRow[j]! += value * inputs[row * inputWidth + j]!
      const momentRow = moments[i]!
      for (let d = 0; d < outputWidth; d++) momentRow[d]! += value * targets[row * outputWidth + d]!
    }
  }
  const trace = gram.reduce((sum, row, i) => sum + row[i]!, 0)
  for (const [i, row] of gram.entries()) row[i]! += (ridge * trace) / inputWidth
  return { inputWidth, outputWidth, weights: solveSymmetric(gram, moments) }
}

/** Rows of a matrix times the map. */
export function applyLinearMap(rows: Float32Array, map: LinearMap): Float32Array {
  const { inputWidth, outputWidth } = map
  const total = rows.length / inputWidth
  const mapped = new Float32Array(total * outputWidth)
  for (let row = 0; row < total; row++) {
    for (const [i, weights] of map.weights.entries()) {
      const value = rows[row * inputWidth + i]!
      for (let d = 0; d < outputWidth; d++) mapped[row * outputWidth + d]! += value * weights[d]!
    }
  }
  return mapped
}

/** Solves gram · X = right by Cholesky; the lower half of `gram` and `right` are used up. */
export function solveSymmetric(gram: Float64Array[], right: Float64Array[]): Float64Array[] {
  const size = gram.length
  for (let i = 0; i < size; i++) {
    const row = gram[i]!
    for (let j = 0; j <= i; j++) {
      const other = gram[j]!
      let sum = row[j]!
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) subtract(right[i]!, right[k]!, gram[i]![k]!)
    divide(right[i]!, gram[i]![i]!)
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) subtract(right[i]!, right[k]!, gram[k]![i]!)
    divide(right[i]!, gram[i]![i]!)
  }
  return right
}

function grid(rows: number, columns: number): Float64Array[] {
  return Array.from({ length: rows }, () => new Float64Array(columns))
}

function subtract(target: Float64Array, other: Float64Array, factor: number): void {
  for (let d = 0; d < target.length; d++) target[d]! -= factor * other[d]!
}

function divide(target: Float64Array, divisor: number): void {
  for (let d = 0; d < target.length; d++) target[d]! /= divisor
}
