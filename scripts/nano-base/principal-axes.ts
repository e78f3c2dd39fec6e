// The directions in which vectors differ most, by Jacobi's method on their covariance.
import { seededRandom } from '../../src/base/random.ts'

/** A projection to fewer dimensions: subtract the mean, multiply by the axes. */
export interface PrincipalAxes {
  readonly mean: Float64Array
  /** `count` rows of `width`, the widest spread first. */
  readonly axes: readonly Float64Array[]
}

/** Axes of at most `sampleSize` of the rows of a matrix, drawn by seed. */
export function principalAxes(
  rows: Float32Array,
  options: { width: number; count: number; sampleSize: number; seed: number },
): PrincipalAxes {
  const { width, count } = options
  const total = rows.length / width
  const order = seededRandom(options.seed).shuffle(Array.from({ length: total }, (_, row) => row))
  const sample = order.slice(0, options.sampleSize)
  const mean = new Float64Array(width)
  for (const row of sample) for (let d = 0; d < width; d++) mean[d]! += rows[row * width + d]! / sample.length
  const { values, vectors } = symmetricEigen(covariance(rows, { sample, mean }))
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!)
  return {
    mean,
    axes: ranked.slice(0, count).map((column) => upright(Float64Array.from(vectors, (row) => row[column]!))),
  }
}

/** Rows of a matrix in the coordinates of the axes. */
export function project(rows: Float32Array, { mean, axes }: PrincipalAxes): Float32Array {
  const width = mean.length
  const total = rows.length / width
  const projected = new Float32Array(total * axes.length)
  for (let row = 0; row < total; row++) {
    const centred = Float64Array.from({ length: width }, (_, d) => rows[row * width + d]! - mean[d]!)
    for (const [k, axis] of axes.entries()) {
      let sum = 0
      for (let d = 0; d < width; d++) sum += axis[d]! * centred[d]!
      projected[row * axes.length + k] = sum
    }
  }
  return projected
}

function covariance(rows: Float32Array, { sample, mean }: { sample: readonly number[]; mean: Float64Array }) {
  const width = mean.length
  const matrix = Array.from({ length: width }, () => new Float64Array(width))
  const centred = new Float64Array(width)
  for (const row of sample) {
    for (let d = 0; d < width; d++) centred[d] = rows[row * width + d]! - mean[d]!
    for (let i = 0; i < width; i++) {
      const target = matrix[i]!
      const factor = centred[i]! / sample.length
      for (let j = i; j < width; j++) target[j]! += factor * centred[j]!
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) matrix[i]![j] = matrix[j]![i]!
  return matrix
}

/** Eigenvalues, and eigenvectors as columns, of a symmetric matrix; the matrix is used up. */
export function symmetricEigen(matrix: Float64Array[]): { values: number[]; vectors: Float64Array[] } {
  const size = matrix.length
  // `basis` holds the eigenvectors as rows while we turn: rows lie together in memory.
  const basis = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(1, i, i + 1))
  for (let sweep = 0; sweep < 30; sweep++) {
    let largest = 0
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        const scale = Math.sqrt(Math.abs(matrix[p]![p]! * matrix[q]![q]!)) + 1e-300
        largest = Math.max(largest, Math.abs(matrix[p]![q]!) / scale)
        if (Math.abs(matrix[p]![q]!) > 1e-12 * scale) rotate(matrix, basis, [p, q])
      }
    }
    if (largest < 1e-9) break
  }
  return {
    values: matrix.map((row, i) => row[i]!),
    vectors: basis.map((_, d) => Float64Array.from(basis, (row) => row[d]!)),
  }
}

function rotate(matrix: Float64Array[], basis: Float64Array[], [p, q]: readonly [number, number]): void {
  const [rowP, rowQ] = [matrix[p]!, matrix[q]!]
  const theta = (rowQ[q]! - rowP[p]!) / (2 * rowP[q]!)
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1))
  const cosine = 1 / Math.hypot(tangent, 1)
  const sine = tangent * cosine
  for (const row of matrix) {
    const [a, b] = [row[p]!, row[q]!]
    row[p] = cosine * a - sine * b
    row[q] = sine * a + cosine * b
  }
  turn(rowP, rowQ, { cosine, sine })
  turn(basis[p]!, basis[q]!, { cosine, sine })
}

function turn(
  left: Float64Array,
  right: Float64Array,
  { cosine, sine }: { cosine: number; sine: number },
): void {
  for (let d = 0; d < left.length; d++) {
    const [a, b] = [left[d]!, right[d]!]
    left[d] = cosine * a - sine * b
    right[d] = sine * a + cosine * b
  }
}

// An eigenvector's sign is arbitrary: the largest entry is made positive, so that runs agree.
function upright(axis: Float64Array): Float64Array {
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0)
  return largest < 0 ? axis.map((value) => -value) : axis
}
