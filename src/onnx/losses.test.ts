import { expect, test } from 'vitest'
import { gradients } from '../graph/gradients.ts'
import { crossEntropy, sigmoidCrossEntropy } from '../graph/losses.ts'
import * as g from '../graph/ops.ts'
import type { Value } from '../graph/value.ts'
import { lowerInference } from './lower-inference.ts'
import { type Fed, runOnce } from './run.contract.ts'

const floats = (shape: readonly number[], ...data: readonly number[]): Fed => ({
  dtype: 'float32',
  shape,
  data,
})

async function lossAndGradient(loss: Value, of: Value, feeds: { readonly [name: string]: Fed }) {
  const [gradient] = gradients(loss, [of])
  const got = await runOnce(lowerInference({ loss, gradient: gradient! }, new Map()), feeds)
  return { loss: got['loss']![0]!, gradient: [...got['gradient']!] }
}

const softmax = (row: readonly number[]): number[] => {
  const raised = row.map(Math.exp)
  return raised.map((x) => x / raised.reduce((a, b) => a + b))
}

test('cross-entropy takes soft targets and weights, and its gradient is weight · (softmax − target)', async () => {
  const [logits, targets, weights] = [
    g.input('z', ['rows', 3]),
    g.input('y', ['rows', 3]),
    g.input('w', ['rows']),
  ]
  const z = [1, 2, 0.5, 90, -3, 2]
  const y = [0.2, 0.7, 0.1, 1, 0, 0]
  const feeds = { z: floats([2, 3], ...z), y: floats([2, 3], ...y), w: floats([2], 0.25, 0) }
  const got = await lossAndGradient(crossEntropy(logits, targets, weights), logits, feeds)
  const chances = softmax(z.slice(0, 3))
  expect(got.loss).toBeCloseTo(-0.25 * chances.reduce((sum, p, i) => sum + y[i]! * Math.log(p), 0), 5)
  const expected = [...chances.map((p, i) => 0.25 * (p - y[i]!)), 0, 0, 0]
  got.gradient.forEach((number, i) => {
    expect(number).toBeCloseTo(expected[i]!, 6)
  })
})

test('the loss of several labels is right at logits of zero and does not overflow at ±100', async () => {
  const [logits, targets, weights] = [
    g.input('z', ['rows', 4]),
    g.input('y', ['rows', 4]),
    g.input('w', ['rows']),
  ]
  const feeds = { z: floats([1, 4], 0, 100, -100, 1), y: floats([1, 4], 1, 0, 1, 0), w: floats([1], 1) }
  const got = await lossAndGradient(sigmoidCrossEntropy(logits, targets, weights), logits, feeds)
  expect(got.loss).toBeCloseTo(Math.log(2) + 100 + 100 + Math.log(1 + Math.E), 4)
  const expected = [-0.5, 1, -1, 1 / (1 + Math.exp(-1))]
  got.gradient.forEach((number, i) => {
    expect(number).toBeCloseTo(expected[i]!, 6)
  })
})
