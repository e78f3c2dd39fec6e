// How much each head's logits count in their sum, learned on rows that neither head was trained on.
import { softmaxInPlace } from './softmax.ts'

/** Factors of the n-gram head's and the embedding head's logits; their size is also the temperature. */
export type MixtureWeights = readonly [number, number]

/** Logits of the two heads, N x C each, and the right classes. */
export interface MixtureRows {
  readonly sparse: Float32Array
  readonly dense: Float32Array
  readonly classes: Int32Array
  readonly classCount: number
}

const start: MixtureWeights = [0.8, 0.4] // best on average over eight tasks
const priorRows = 5 // rows' worth of belief in `start`, which matters where few rows are held aside
const iterations = 25

/** Minimises the negative log-likelihood by Newton's method; neither factor goes below 0. */
export function fitMixture(rows: MixtureRows): MixtureWeights {
  let [sparse, dense] = start
  for (let i = 0; i < iterations; i++) {
    const { gradient, curvature } = derivatives(rows, [sparse, dense])
    const determinant = curvature[0] * curvature[2] - curvature[1] ** 2
    const stepSparse = (gradient[0] * curvature[2] - gradient[1] * curvature[1]) / determinant
    const stepDense = (gradient[1] * curvature[0] - gradient[0] * curvature[1]) / determinant
    sparse = Math.max(0, sparse - stepSparse)
    dense = Math.max(0, dense - stepDense)
    if (Math.abs(stepSparse) + Math.abs(stepDense) < 1e-6) break
  }
  return [sparse, dense]
}

/** The sum of two heads' logits by their factors, written to `target`. */
export function mixLogits(
  target: Float32Array,
  sparse: Float32Array,
  dense: Float32Array,
  [sparseWeight, denseWeight]: MixtureWeights,
): void {
  for (let c = 0; c < target.length; c++) target[c] = sparseWeight * sparse[c]! + denseWeight * dense[c]!
}

interface Derivatives {
  readonly gradient: readonly [number, number]
  /** Second derivatives: sparse-sparse, sparse-dense, dense-dense. */
  readonly curvature: readonly [number, number, number]
}

function derivatives({ sparse, dense, classes, classCount }: MixtureRows, at: MixtureWeights): Derivatives {
  const gradient: [number, number] = [priorRows * (at[0] - start[0]), priorRows * (at[1] - start[1])]
  const curvature: [number, number, number] = [priorRows, 0, priorRows]
  const p = new Float32Array(classCount)
  for (let i = 0; i < classes.length; i++) {
    const a = sparse.subarray(i * classCount, (i + 1) * classCount)
    const b = dense.subarray(i * classCount, (i + 1) * classCount)
    mixLogits(p, a, b, at)
    softmaxInPlace(p)
    let [meanA, meanB, meanAA, meanAB, meanBB] = [0, 0, 0, 0, 0]
    for (let c = 0; c < classCount; c++) {
      meanA += p[c]! * a[c]!
      meanB += p[c]! * b[c]!
      meanAA += p[c]! * a[c]! * a[c]!
      meanAB += p[c]! * a[c]! * b[c]!
      meanBB += p[c]! * b[c]! * b[c]!
    }
    gradient[0] += meanA - a[classes[i]!]!
    gradient[1] += meanB - b[classes[i]!]!
    curvature[0] += meanAA - meanA * meanA
    curvature[1] += meanAB - meanA * meanB
    curvature[2] += meanBB - meanB * meanB
  }
  return { gradient, curvature }
}
