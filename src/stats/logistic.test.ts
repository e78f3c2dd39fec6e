import { expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { fitLogistic } from './logistic.ts'

function problem(rows: number, truth: readonly number[], seed: number) {
  const random = seededRandom(seed)
  const features = new Float64Array(rows * 2)
  const labels = Array.from({ length: rows }, (_, row) => {
    features.set([random.normal(), 1], row * 2)
    const z = truth[0]! * features[row * 2]! + truth[1]!
    return random.next() < 1 / (1 + Math.exp(-z))
  })
  return { features, width: 2, labels, prior: [0, 0], ridge: 1e-3 }
}

test('weights come back from labels drawn with them', () => {
  const free = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const weights = fitLogistic({ ...problem(20_000, [1.5, -0.5], 1), lower: free })
  expect(weights[0]).toBeCloseTo(1.5, 1)
  expect(weights[1]).toBeCloseTo(-0.5, 1)
})

test('a bound is kept and the other weights are the best beside it', () => {
  const given = problem(5000, [-1, 0.7], 2)
  const bounded = fitLogistic({ ...given, lower: [0.1, Number.NEGATIVE_INFINITY] })
  expect(bounded[0]).toBe(0.1)
  const share = given.labels.filter(Boolean).length / given.labels.length
  expect(bounded[1]).toBeCloseTo(Math.log(share / (1 - share)), 1)
})

test('without rows the weights are the prior', () => {
  const none = { features: new Float64Array(0), width: 2, labels: [], ridge: 1 }
  expect(fitLogistic({ ...none, prior: [1, 0], lower: [0.05, -5] })).toEqual([1, 0])
})

test('labels that are all alike end in finite weights', () => {
  const given = problem(500, [1, 0], 3)
  const weights = fitLogistic({
    ...given,
    labels: given.labels.map(() => true),
    ridge: 1,
    lower: [0.05, Number.NEGATIVE_INFINITY],
  })
  expect(weights.every(Number.isFinite)).toBe(true)
  expect(weights[1]).toBeGreaterThan(2)
})
