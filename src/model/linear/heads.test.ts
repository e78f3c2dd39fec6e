import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createDenseMemory } from './dense-memory.ts'
import { fitMixture } from './mixture.ts'
import { placePerceptron } from './perceptron.ts'
import { createPerceptronTrainer } from './perceptron-trainer.ts'
import { quantiseRows } from './quantised.ts'
import { largestIndex, meanLoss } from './softmax.ts'
import { createSparseTrainer, type Stepping, sparseLogits } from './sparse-softmax.ts'

test('the perceptron learns what no linear model can, and its 8-bit copy says the same', () => {
  const random = seededRandom(3)
  const count = 400
  const dimensions = 20
  const embeddings = Float32Array.from({ length: count * dimensions }, () => random.normal() / 5)
  const classes = Int32Array.from({ length: count }, (_, i) =>
    embeddings[i * dimensions]! * embeddings[i * dimensions + 1]! > 0 ? 1 : 0,
  )
  const weights = new Float32Array(count).fill(1)
  const trainer = createPerceptronTrainer({ embeddings, dimensions, classes, weights, classCount: 2 }, random)
  for (let epoch = 0; epoch < 20; epoch++) trainer.epoch(random, () => {})
  const logits = trainer.logits(embeddings)
  expect(meanLoss(logits, classes)).toBeLessThan(0.35)
  const memory = createDenseMemory()
  const perceptron = placePerceptron(memory, trainer.weights())
  for (let i = 0; i < count; i++) {
    const quantised = perceptron.logits(embeddings.subarray(i * dimensions, (i + 1) * dimensions))
    expect(Math.abs(quantised[0]! - logits[2 * i]!)).toBeLessThan(0.15)
  }
  perceptron.dispose()
})

test.each<Stepping>(['adaptive', 'plain'])('the n-gram head learns with %s steps', (stepping) => {
  // Column c tells class c; column 3 is in every row.
  const classes = Int32Array.from({ length: 60 }, (_, i) => i % 3)
  const rows = {
    starts: Int32Array.from({ length: 61 }, (_, i) => 2 * i),
    columns: Int32Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? classes[i / 2]! : 3)),
    values: new Float32Array(120).fill(0.7),
  }
  const task = { rows, classes, weights: new Float32Array(60).fill(1), classCount: 3, vocabularySize: 4 }
  const { model, epoch } = createSparseTrainer(task, stepping)
  for (let i = 0; i < 5; i++) epoch(seededRandom(i), () => {})
  const logits = new Float32Array(3)
  for (let row = 0; row < 3; row++) {
    sparseLogits(model, rows, row, logits)
    expect(largestIndex(logits)).toBe(row)
  }
})

test('the mixture leans on the head that knows more', () => {
  const random = seededRandom(5)
  const classes = Int32Array.from({ length: 500 }, () => random.below(3))
  const noisy = (signal: number): Float32Array =>
    Float32Array.from(
      { length: 1500 },
      (_, i) => random.normal() + (i % 3 === classes[Math.floor(i / 3)] ? signal : 0),
    )
  const [sparse, dense] = fitMixture({ sparse: noisy(0), dense: noisy(3), classes, classCount: 3 })
  expect(dense).toBeGreaterThan(1)
  expect(sparse).toBeLessThan(0.3)
})

test('eight bits are near, and a row of zeros stays one', () => {
  const matrix = Float32Array.of(1, -0.5, 0.25, 0, 0, 0)
  const { values, scales, columns } = quantiseRows(matrix, 3)
  expect(columns).toBe(3)
  values.forEach((value, i) => {
    expect(value * scales[Math.floor(i / 3)]!).toBeCloseTo(matrix[i]!, 2)
  })
})
