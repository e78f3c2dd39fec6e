// How far a vector lies from all classes of the training rows: Mahalanobis distance to the nearest class mean under one
// covariance shared by the classes (Lee et al., 2018, "A simple unified framework for detecting out-of-distribution
// samples"). Whitened once, it is two multiplications, which are part of the inference graph.
import { add, linear, matmul, mul, parameter, reduceMax, reduceSum, reshape, scale } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import type { StoredTensor } from '../../model/weights/tensor-source.ts'

/** Names of what is kept of it. */
const names = { whitening: 'novelty.whitening', means: 'novelty.means', sizes: 'novelty.sizes' } as const

/** Vectors of training rows with their classes. */
export interface ClassedVectors {
  /** [rows, width]. */
  readonly features: Float32Array
  readonly width: number
  readonly classes: Int32Array
}

/** Tensors of the distance: the whitening [width, width], −2 × whitened means and their squared lengths. */
export type NoveltyTensors = ReadonlyMap<string, StoredTensor>

/** Fits it on rows; classes that have none are left out. */
export function fitNovelty(vectors: ClassedVectors, rows: Int32Array): NoveltyTensors {
  const { width } = vectors
  const means = classMeans(vectors, rows)
  const covariance = sharedCovariance(vectors, rows, means)
  const whitening = inverseOfLower(choleskyOf(covariance, width), width)
  const present = [...means.values()]
  const whitened = present.map((mean) => timesVector(whitening, mean, width))
  const flat = Float32Array.from(whitened.flatMap((mean) => [...mean].map((x) => -2 * x)))
  const lengths = Float32Array.from(whitened, (mean) => mean.reduce((sum, x) => sum + x * x, 0))
  return new Map([
    [names.whitening, { shape: [width, width], data: Float32Array.from(whitening) }],
    [names.means, { shape: [present.length, width], data: flat }],
    [names.sizes, { shape: [present.length], data: lengths }],
  ])
}

/** Squared distance [B] of vectors [B, width] to the nearest class mean. */
export function noveltyDistance(features: Value, classes: number): Value {
  const [batch, width] = features.shape
  const white = matmul(features, parameter(names.whitening, [width!, width!]), { transposeB: true })
  const cross = linear(white, parameter(names.means, [classes, width!]), parameter(names.sizes, [classes]), {
    transposeWeight: true,
  })
  const nearest = scale(reduceMax(scale(cross, -1), [1]), -1)
  return reshape(add(reduceSum(mul(white, white), [1]), nearest), [batch!])
}

/** The same for rows of vectors, in loops. */
export function noveltyDistances(
  tensors: NoveltyTensors,
  { features, width }: Pick<ClassedVectors, 'features' | 'width'>,
  rows: Int32Array,
): Float64Array {
  const [whitening, means, sizes] = [names.whitening, names.means, names.sizes].map(
    (name) => tensors.get(name)!.data,
  )
  return Float64Array.from(rows, (row) => {
    const white = timesVector(whitening!, features.subarray(row * width, (row + 1) * width), width)
    let nearest = Number.POSITIVE_INFINITY
    for (let at = 0; at < sizes!.length; at++) {
      let distance = sizes![at]!
      for (let unit = 0; unit < width; unit++) distance += means![at * width + unit]! * white[unit]!
      nearest = Math.min(nearest, distance)
    }
    return white.reduce((sum, x) => sum + x * x, nearest)
  })
}

/** Number of classes that a fitted distance has. */
export function noveltyClasses(tensors: NoveltyTensors): number {
  return tensors.get(names.sizes)!.data.length
}

function classMeans(
  { features, width, classes }: ClassedVectors,
  rows: Int32Array,
): Map<number, Float64Array> {
  const means = new Map<number, Float64Array>()
  const counts = new Map<number, number>()
  for (const row of rows) {
    const own = classes[row]!
    const mean = means.get(own) ?? new Float64Array(width)
    for (let unit = 0; unit < width; unit++) mean[unit] = mean[unit]! + features[row * width + unit]!
    means.set(own, mean)
    counts.set(own, (counts.get(own) ?? 0) + 1)
  }
  for (const [own, mean] of means) {
    for (let unit = 0; unit < width; unit++) mean[unit] = mean[unit]! / counts.get(own)!
  }
  return means
}

/** Within-class covariance, drawn towards the same in all directions the more, the fewer rows there are. */
function sharedCovariance(
  { features, width, classes }: ClassedVectors,
  rows: Int32Array,
  means: ReadonlyMap<number, Float64Array>,
): Float64Array {
  const covariance = new Float64Array(width * width)
  const centred = new Float64Array(width)
  for (const row of rows) {
    const mean = means.get(classes[row]!)!
    for (let unit = 0; unit < width; unit++) centred[unit] = features[row * width + unit]! - mean[unit]!
    for (let a = 0; a < width; a++) {
      const factor = centred[a]! / rows.length
      for (let b = 0; b <= a; b++)
        covariance[a * width + b] = covariance[a * width + b]! + factor * centred[b]!
    }
  }
  let trace = 0
  for (let unit = 0; unit < width; unit++) trace += covariance[unit * width + unit]!
  const even = Math.max(1e-9, trace / width)
  const drawn = width / (width + rows.length)
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) covariance[a * width + b] = covariance[a * width + b]! * (1 - drawn)
    covariance[a * width + a] = covariance[a * width + a]! + drawn * even
  }
  return covariance
}

/** L of a symmetric matrix L Lᵀ, of which the lower half is given; in place. */
function choleskyOf(matrix: Float64Array, width: number): Float64Array {
  for (let a = 0; a < width; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * width + b]!
      for (let k = 0; k < b; k++) sum -= matrix[a * width + k]! * matrix[b * width + k]!
      matrix[a * width + b] = a === b ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[b * width + b]!
    }
  }
  return matrix
}

function inverseOfLower(lower: Float64Array, width: number): Float64Array {
  const inverse = new Float64Array(width * width)
  for (let column = 0; column < width; column++) {
    inverse[column * width + column] = 1 / lower[column * width + column]!
    for (let row = column + 1; row < width; row++) {
      let sum = 0
      for (let k = column; k < row; k++) sum -= lower[row * width + k]! * inverse[k * width + column]!
      inverse[row * width + column] = sum / lower[row * width + row]!
    }
  }
  return inverse
}

function timesVector(
  matrix: Float64Array | Float32Array,
  vector: ArrayLike<number>,
  width: number,
): Float64Array {
  const out = new Float64Array(width)
  for (let row = 0; row < width; row++) {
    let sum = 0
    for (let at = 0; at < width; at++) sum += matrix[row * width + at]! * vector[at]!
    out[row] = sum
  }
  return out
}
