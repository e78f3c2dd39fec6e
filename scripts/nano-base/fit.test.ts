import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { bagVectors, fitPieces, packBags } from './fit.ts'
import { applyLinearMap, fitLinearMap } from './linear-map.ts'
import { principalAxes, project } from './principal-axes.ts'

const random = seededRandom(5)
const normals = (count: number) => Float32Array.from({ length: count }, () => random.normal())
const furthest = (left: Float32Array, right: Float32Array) =>
  left.reduce((most, value, n) => Math.max(most, Math.abs(value - right[n]!)), 0)

describe('fitPieces', () => {
  const dimensions = 3
  const truth = normals(6 * dimensions)
  const bags = packBags(Array.from({ length: 200 }, () => Array.from({ length: 4 }, () => random.below(5))))
  const problem = {
    initial: new Float32Array(6 * dimensions).fill(0.5),
    targets: bagVectors(bags, truth, dimensions),
    dimensions,
    iterations: 15,
  }

  it('finds the vectors that the sentences were made from, and leaves unseen pieces alone', () => {
    const fitted = fitPieces(bags, { ...problem, hold: 1e-6 })
    expect(furthest(fitted.subarray(0, 15), truth.subarray(0, 15))).toBeLessThan(1e-3)
    expect([...fitted.subarray(15)]).toEqual([0.5, 0.5, 0.5])
  })

  it('stays at the first vectors when held hard', () => {
    expect(furthest(fitPieces(bags, { ...problem, hold: 1e9 }), problem.initial)).toBeLessThan(1e-3)
  })
})

describe('fitLinearMap', () => {
  it('finds the matrix between inputs and targets', () => {
    const inputs = normals(500 * 4)
    const matrix = Array.from({ length: 4 }, () => Float64Array.from(normals(2)))
    const targets = applyLinearMap(inputs, { inputWidth: 4, outputWidth: 2, weights: matrix })
    const map = fitLinearMap(inputs, targets, { inputWidth: 4, outputWidth: 2 })
    for (const [i, row] of map.weights.entries()) {
      for (const [d, value] of row.entries()) expect(value).toBeCloseTo(matrix[i]![d]!, 1)
    }
  })
})

describe('principalAxes', () => {
  it('finds perpendicular axes of length 1, the widest spread first', () => {
    const rows = normals(2000 * 5).map((value, n) => value * [1, 4, 0.5, 2, 3][n % 5]!)
    const axes = principalAxes(rows, { width: 5, count: 3, sampleSize: 2000, seed: 1 })
    for (const [i, axis] of axes.axes.entries()) {
      expect(axis[[1, 4, 3][i]!]).toBeGreaterThan(0.95)
      for (const [j, other] of axes.axes.entries()) {
        expect(axis.reduce((sum, value, d) => sum + value * other[d]!, 0)).toBeCloseTo(i === j ? 1 : 0, 6)
      }
    }
    expect(project(rows, axes).length).toBe(2000 * 3)
  })
})
