/** A whole encoder layer against PyTorch: bench/peers/encoder-layer-fixture.py makes the numbers. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { gradients } from '../graph/gradients.ts'
import * as g from '../graph/ops.ts'
import type { Reference } from '../graph/reference.contract.ts'
import type { Value } from '../graph/value.ts'
import { lowerInference } from './lower-inference.ts'
import { runOnce } from './run.contract.ts'

interface Fixture {
  readonly heads: number
  readonly epsilon: number
  readonly x: Reference
  readonly bias: Reference
  readonly weights: Reference
  readonly loss: number
  readonly output: Reference
  readonly xGradient: Reference
  readonly parameters: { readonly [name: string]: Reference }
  readonly gradients: { readonly [name: string]: Reference }
}

const path = fileURLToPath(new URL('encoder-layer.fixture.json', import.meta.url))
const fixture: Fixture = JSON.parse(readFileSync(path, 'utf8'))

const parameters = Object.fromEntries(
  Object.entries(fixture.parameters).map(([name, { shape }]) => [name, g.parameter(name, shape)]),
)

function linear(name: string, x: Value): Value {
  return g.linear(x, parameters[`${name}.weight`]!, parameters[`${name}.bias`]!, { transposeWeight: true })
}

function normalized(name: string, x: Value): Value {
  const [gain, bias] = [parameters[`${name}.LayerNorm.weight`]!, parameters[`${name}.LayerNorm.bias`]!]
  return g.layerNormalization(x, gain, bias, { epsilon: fixture.epsilon })
}

function layer(x: Value, bias: Value): Value {
  const [queries, keys, values] = ['query', 'key', 'value'].map((name) => linear(`attention.self.${name}`, x))
  const attended = g.attention(queries!, keys!, values!, { heads: fixture.heads, bias })
  const middle = normalized('attention.output', g.add(linear('attention.output.dense', attended), x))
  const inner = g.gelu(linear('intermediate.dense', middle))
  return normalized('output', g.add(linear('output.dense', inner), middle))
}

test.each(['cpu', 'portable'] as const)(
  'a BERT layer and all its gradients are those of PyTorch, lowered for %s',
  async (target) => {
    const x = g.input('x', ['batch', 'time', 8])
    const bias = g.input('bias', ['batch', 1, 1, 'time'])
    const weights = g.input('weights', ['batch', 'time', 8])
    const output = layer(x, bias)
    const loss = g.reduceSum(g.mul(output, weights), [0, 1, 2])
    const names = Object.keys(parameters)
    const [xGradient, ...others] = gradients(loss, [x, ...Object.values(parameters)])
    const outputs = {
      output,
      loss,
      xGradient: xGradient!,
      ...Object.fromEntries(others.map((d, i) => [names[i], d])),
    }
    const tensors = Object.entries(fixture.parameters).map(
      ([name, { data }]) => [name, Float32Array.from(data)] as const,
    )
    const feeds = { x: fixture.x, bias: fixture.bias, weights: fixture.weights }
    const fed = Object.entries(feeds).map(([name, tensor]) => [
      name,
      { ...tensor, dtype: 'float32' as const },
    ])
    const got = await runOnce(lowerInference(outputs, new Map(tensors), { target }), Object.fromEntries(fed))
    expect(got['loss']![0]).toBeCloseTo(fixture.loss, 4)
    const expected = { output: fixture.output, xGradient: fixture.xGradient, ...fixture.gradients }
    for (const [name, { data }] of Object.entries(expected)) {
      const worst = Math.max(...data.map((number, i) => Math.abs(number - got[name]![i]!)))
      expect(worst, name).toBeLessThan(2e-5)
    }
  },
)
