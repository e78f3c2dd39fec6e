import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createDenseMemory } from '../linear/dense-memory.ts'
import { zeroChainWeights } from './chain-weights.ts'
import { createTagScheme } from './tag-scheme.ts'
import { compactTagger, placeTagger } from './tagger.ts'
import { meanTagger } from './tagger-mean.ts'
import { createWindowTrainer, type NetworkShape, reach } from './window-network.ts'

const shape: NetworkShape = { inputs: 16, hidden: 5, outputs: 5 }
const tokens = 4
const rate = 1e-3

function made(seed: number, changes: Partial<NetworkShape> = {}) {
  const random = seededRandom(seed)
  const settings = { rate, dropout: 0, tokenDropout: 0, mostTokens: tokens }
  const trainer = createWindowTrainer({ ...shape, ...changes }, settings, random)
  for (let i = 0; i < trainer.weights.second.length; i++) trainer.weights.second[i] = random.normal() / 3
  return trainer
}

function texts(seed: number): Float32Array {
  const random = seededRandom(seed)
  return Float32Array.from({ length: tokens * shape.inputs }, () => random.normal())
}

function outputs(trainer: ReturnType<typeof made>, inputs: Float32Array): Float32Array {
  const emissions = new Float32Array(tokens * shape.outputs)
  trainer.forward(inputs, 0, tokens, emissions)
  return emissions
}

test('a step goes along the gradient, by finite differences', () => {
  const inputs = texts(2)
  const slopes = Float32Array.from({ length: tokens * shape.outputs }, (_, i) => Math.sin(i))
  const loss = (trainer: ReturnType<typeof made>): number =>
    outputs(trainer, inputs).reduce((sum, value, at) => sum + value * slopes[at]!, 0)
  const stepped = made(1)
  loss(stepped)
  stepped.backward(slopes, tokens)
  const probe = made(1)
  for (const layer of ['first', 'second'] as const) {
    const weights = probe.weights[layer]
    for (let at = 3; at < weights.length; at += 7) {
      const held = weights[at]!
      weights[at] = held + 1e-2
      const above = loss(probe)
      weights[at] = held - 1e-2
      const slope = (above - loss(probe)) / 2e-2
      weights[at] = held
      // Adagrad's first step is the gradient over its length, the square that it begins with being 0.01.
      const expected = (-rate * slope) / Math.sqrt(slope * slope + 1e-2)
      expect(stepped.weights[layer][at]! - held).toBeCloseTo(expected, 4)
    }
  }
})

test('the mean of two networks gives the mean of their outputs, and so does what is kept of it', () => {
  const members = [made(1), made(2)]
  const inputs = texts(3)
  const expected = outputs(members[0]!, inputs).map(
    (value, at) => (value + outputs(members[1]!, inputs)[at]!) / 2,
  )
  const scheme = createTagScheme('bioes', 1)
  const chain = zeroChainWeights(scheme)
  const sparse = Float32Array.from({ length: 2 * shape.outputs }, (_, at) =>
    at < shape.outputs ? at - 2 : 0,
  )
  const mean = meanTagger(
    members.map(({ weights }) => ({ sparse, chain, network: weights })),
    shape,
  )
  const together = made(9, { hidden: mean.shape.hidden })
  together.weights.first.set(mean.weights.network!.first)
  together.weights.second.set(mean.weights.network!.second)
  outputs(together, inputs).forEach((value, at) => {
    expect(value).toBeCloseTo(expected[at]!, 4)
  })

  const model = compactTagger(mean.weights, Int32Array.of(70, 80), mean.shape)
  expect([...model.sparse.codes]).toEqual([70])
  const placed = placeTagger(createDenseMemory(), model)
  const padded = new Float32Array((tokens + 2 * reach) * shape.inputs)
  padded.set(inputs, reach * shape.inputs)
  const emissions = new Float32Array(tokens * shape.outputs)
  for (let t = 0; t < tokens; t++) {
    const window = padded.subarray(t * shape.inputs, (t + 2 * reach + 1) * shape.inputs)
    placed.addDense(window, emissions, t * shape.outputs)
    expect(placed.addSparse(Int32Array.of(70, 80, 90), 0, 3, emissions, t * shape.outputs)).toBe(1)
  }
  emissions.forEach((value, at) => {
    expect(Math.abs(value - expected[at]! - sparse[at % shape.outputs]!)).toBeLessThan(0.05)
  })
  placed.dispose()
})
