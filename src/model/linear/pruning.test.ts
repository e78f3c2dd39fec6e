import { expect, test } from 'vitest'
import { keepTelling } from './pruning.ts'
import { levelRows, levelScales } from './quantised.ts'
import { createVocabulary, levelWeights } from './vocabulary.ts'

const vocabulary = createVocabulary(Uint32Array.of(10, 20, 30, 40), Uint8Array.of(255, 255, 200, 255))
const model = {
  classCount: 2,
  weights: Float32Array.of(0.1, -0.1, 2, -2, 3, -3, 0, 0),
  biases: Float32Array.of(0.5, -0.5),
}

test('n-grams are kept by how far they move the logits: weight times value, in the order of their codes', () => {
  expect(levelWeights[200]).toBeLessThan(levelWeights[255]! / 8)
  const { vocabulary: kept, weights, biases } = keepTelling(vocabulary, model, 2)
  expect([...kept.codes]).toEqual([20, 30])
  expect([...kept.levels]).toEqual([255, 200])
  expect(biases).toEqual(model.biases)
  const meant = Array.from(weights.values, (value, i) => value * levelScales[weights.levels[i >> 1]!]!)
  meant.forEach((value, i) => {
    expect(value).toBeCloseTo(model.weights[i + 2]!, 1)
  })
})

test('all are kept where there is room', () => {
  expect([...keepTelling(vocabulary, model, 9).vocabulary.codes]).toEqual([10, 20, 30, 40])
})

test('scales of one byte never cut a weight, and lose a twentieth of the steps at most', () => {
  const matrix = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i * 12.9898) * 2 ** ((i % 17) - 10))
  const { values, levels } = levelRows(matrix, 3)
  matrix.forEach((value, i) => {
    const scale = levelScales[levels[Math.floor(i / 3)]!]!
    expect(Math.abs(values[i]! * scale - value)).toBeLessThanOrEqual(scale * 0.501)
    const start = i - (i % 3)
    const largest = Math.max(...[...matrix.subarray(start, start + 3)].map(Math.abs))
    expect(scale).toBeLessThan(Math.max(levelScales[1]!, (largest / 127) * 1.05))
  })
})
