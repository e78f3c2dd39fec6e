import { expect, test } from 'vitest'
import { linearOfCosines, meanDirections } from './class-means.ts'

const rows = {
  vectors: Float32Array.of(1, 0, 0.6, 0.8, 0, 1),
  width: 2,
  targets: Float32Array.of(1, 0, 0, 1, 0, 0, 0, 1, 0),
  labels: 3,
  weights: Float32Array.of(1, 1, 2),
}

test('a label begins in the direction of the weighted mean of its rows', () => {
  const directions = meanDirections(rows)
  const first = Math.hypot(1.6, 0.8)
  expect([...directions.subarray(0, 2)]).toEqual([
    expect.closeTo(1.6 / first, 6),
    expect.closeTo(0.8 / first, 6),
  ])
  expect([...directions.subarray(2, 4)]).toEqual([0, 1])
})

test('a label without rows begins away from all others', () => {
  const [, , , , x, y] = meanDirections(rows)
  expect(x).toBeLessThan(0)
  expect(y).toBeLessThan(0)
  expect(Math.hypot(x!, y!)).toBeCloseTo(1, 6)
})

test('a head of cosines is a linear one over vectors of unit length', () => {
  const { weight, bias } = linearOfCosines(
    { weight: Float32Array.of(3, 4, 0, 2), bias: Float32Array.of(1, -1) },
    10,
  )
  ;[6, 8, 0, 10].forEach((expected, at) => {
    expect(weight[at]).toBeCloseTo(expected, 5)
  })
  expect([...bias]).toEqual([1, -1])
})
