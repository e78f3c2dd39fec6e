import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { gradients } from '../../graph/gradients.ts'
import { mul, reduceSum } from '../../graph/ops.ts'
import type { Value } from '../../graph/value.ts'
import { lowerInference } from '../../onnx/lower-inference.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import type { Tensors } from '../../runtime/runtime.ts'
import { float32Tensor, floatsOf, int32Tensor } from '../../runtime/tensor.ts'
import { type StoredTensor, type TensorSource, tensorsInMemory } from '../weights/tensor-source.ts'
import { encoderGraph } from './encoder.ts'
import type { EncoderConfig, EncoderFamily } from './encoder-config.ts'
import { loadEncoder } from './encoder-session.ts'
import {
  isLoraTensor,
  isProjection,
  type LoraForm,
  loraAdapter,
  loraShapes,
  loraStart,
  type Projection,
  readLora,
  usualLora,
} from './lora.ts'
import { graphParameters, readParameters } from './parameters.ts'
import { pooled } from './pooling.ts'
import { encoderSource } from './read-encoder.ts'
import { tinyConfig, tinyTensors } from './tiny-encoder.contract.ts'
import { layerParts } from './weight-names.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const fed: Tensors = {
  ids: int32Tensor([2, 5], Int32Array.of(4, 9, 20, 7, 5, 4, 30, 5, 0, 0)),
  mask: float32Tensor([2, 5], Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0)),
}

const everyProjection = Object.keys(layerParts).filter(isProjection)

/** An adapter with numbers everywhere, as training leaves one. */
function drawnAdapter(config: EncoderConfig, form: LoraForm, seed: number): Map<string, StoredTensor> {
  const random = seededRandom(seed)
  return new Map(
    [...loraShapes(config, form)].map(([name, shape]) => {
      const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.2 * random.normal())
      return [name, { shape, data }]
    }),
  )
}

/** The base with W + (alpha / rank) · B A in the place of each W that is adapted. */
async function merged(
  source: TensorSource,
  { rank, alpha }: LoraForm,
  adapter: ReadonlyMap<string, StoredTensor>,
): Promise<TensorSource> {
  const tensors = new Map<string, StoredTensor>()
  for (const name of source.names) {
    const { shape, data } = await source.read(name)
    const a = adapter.get(name.replace(/weight$/, 'lora_A.weight'))?.data
    const b = adapter.get(name.replace(/weight$/, 'lora_B.weight'))?.data
    const from = shape[1]!
    const added = (at: number): number => {
      const [row, column] = [Math.floor(at / from), at % from]
      let sum = 0
      for (let r = 0; r < rank; r++) sum += b![row * rank + r]! * a![r * from + column]!
      return (alpha / rank) * sum
    }
    tensors.set(name, { shape, data: a ? data.map((x, at) => x + added(at)) : data })
  }
  return tensorsInMemory(tensors)
}

async function run(
  outputs: { readonly [name: string]: Value },
  source: TensorSource,
  more: Tensors = {},
): Promise<Float32Array> {
  const session = await loadEncoder(outputs, source, runtime, { name: 'tiny' })
  const made = await session.run({ ...fed, ...more })
  await session.release()
  return floatsOf(made['vector'], 'vector')
}

const mean = { mode: 'mean', normalize: true } as const
const asInputs = (adapter: ReadonlyMap<string, StoredTensor>): Tensors =>
  Object.fromEntries([...adapter].map(([name, { shape, data }]) => [name, float32Tensor(shape, data)]))

function farthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

const families: readonly EncoderFamily[] = ['bert', 'roberta', 'distilbert']

describe('an adapter of low rank', () => {
  test('fed to a session of its base gives what weights give that it was merged into', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...families),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1, 16),
        fc.subarray<Projection>(everyProjection, { minLength: 1 }),
        fc.nat(1000),
        async (family, rank, alpha, projections, seed) => {
          const config = tinyConfig(family)
          const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
          const form = { rank, alpha, projections }
          const adapter = drawnAdapter(config, form, seed)
          const plain = { vector: pooled(encoderGraph(config), mean) }
          const expected = await run(plain, await merged(source, form, adapter))
          const inputs = loraAdapter(config, form, { as: 'inputs' })
          const joined = { vector: pooled(encoderGraph(config, { joined: true, adapter: inputs }), mean) }
          expect(farthest(await run(joined, source, asInputs(adapter)), expected)).toBeLessThan(1e-5)
          expect(farthest(await run(plain, source), expected)).toBeGreaterThan(1e-5)
        },
      ),
      { numRuns: 12, seed: 1 },
    ))

  test('has the gradients that the merged weight says: Bᵀ dW · s and dW Aᵀ · s', async () => {
    const config = tinyConfig('bert')
    const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
    const form: LoraForm = { rank: 3, alpha: 5, projections: everyProjection }
    const adapter = drawnAdapter(config, form, 4)
    const adapted = encoderGraph(config, { adapter: loraAdapter(config, form, { as: 'parameters' }) })
    const over = tensorsInMemory(new Map([...adapter, ...(await stored(source))]))
    const own = await gradientsOf(pooled(adapted, mean), over, [...adapter.keys()])
    const weights = [...adapter.keys()].map((name) => name.replace(/lora_[AB]\./, ''))
    const whole = await gradientsOf(
      pooled(encoderGraph(config), mean),
      await merged(source, form, adapter),
      weights,
    )
    for (const [name, { shape, data }] of adapter) {
      const isA = name.includes('lora_A')
      const other = adapter.get(isA ? name.replace('lora_A', 'lora_B') : name.replace('lora_B', 'lora_A'))!
      const dW = whole.get(name.replace(/lora_[AB]\./, ''))!
      const from = isA ? shape[1]! : other.shape[1]!
      const to = dW.length / from
      const expected = data.map((_, at) => {
        const [row, column] = [Math.floor(at / shape[1]!), at % shape[1]!]
        let sum = 0
        if (isA) for (let o = 0; o < to; o++) sum += other.data[o * form.rank + row]! * dW[o * from + column]!
        else for (let i = 0; i < from; i++) sum += dW[row * from + i]! * other.data[column * from + i]!
        return (form.alpha / form.rank) * sum
      })
      const size = Math.max(1e-3, farthest(expected, new Float32Array(expected.length)))
      expect(farthest(own.get(name)!, expected) / size, name).toBeLessThan(1e-3)
    }
  })

  test('adds nothing where its training begins, and is the same for a seed', async () => {
    const config = tinyConfig('bert')
    const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
    const form = usualLora(8)
    const start = loraStart(config, form, seededRandom(5))
    expect(start).toEqual(loraStart(config, form, seededRandom(5)))
    expect(start).not.toEqual(loraStart(config, form, seededRandom(6)))
    const inputs = loraAdapter(config, form, { as: 'inputs' })
    const more = Object.fromEntries(
      [...loraShapes(config, form)].map(([name, shape]) => [name, float32Tensor(shape, start.get(name)!)]),
    )
    const vector = pooled(encoderGraph(config, { joined: true, adapter: inputs }), mean)
    const base = pooled(encoderGraph(config, { joined: true }), mean)
    const said = await run({ vector }, source, more)
    expect(farthest(said, await run({ vector: base }, source))).toBeLessThan(1e-6)
  })

  test('has the names and shapes of PEFT', () => {
    const config = tinyConfig('distilbert')
    const shapes = loraShapes(config, { rank: 4, alpha: 8, projections: ['value', 'output'] })
    expect([...shapes].slice(0, 4)).toEqual([
      ['encoder.layer.0.attention.self.value.lora_A.weight', [4, 16]],
      ['encoder.layer.0.attention.self.value.lora_B.weight', [16, 4]],
      ['encoder.layer.0.output.dense.lora_A.weight', [4, 32]],
      ['encoder.layer.0.output.dense.lora_B.weight', [16, 4]],
    ])
    expect(shapes.size).toBe(4 * config.layers)
    expect([...shapes.keys()].every(isLoraTensor)).toBe(true)
    expect(isLoraTensor('encoder.layer.0.output.dense.weight')).toBe(false)
    expect(['attentionNorm', 'head'].some(isProjection)).toBe(false)
  })

  test('of a file is refused where a tensor has another shape or is missing, with its name', async () => {
    const config = tinyConfig('bert')
    const adapter = drawnAdapter(config, usualLora(2), 1)
    const source = tensorsInMemory(adapter)
    const read = (form: LoraForm) => readLora(config, form, { source, file: 'micro.safetensors' })
    expect(await read(usualLora(2))).toEqual(adapter)
    await expect(read(usualLora(3))).rejects.toThrow(
      /micro\.safetensors: the tensor "encoder\.layer\.0\.attention\.self\.query\.lora_A\.weight" has the shape \[2, 16\] where an adapter of rank 3 on this base has \[3, 16\]/,
    )
    await expect(read({ ...usualLora(2), projections: ['key'] })).rejects.toMatchObject({
      code: 'weights.tensor-missing',
    })
  })
})

async function stored(source: TensorSource): Promise<readonly (readonly [string, StoredTensor])[]> {
  return Promise.all(source.names.map(async (name) => [name, await source.read(name)] as const))
}

/** Gradients of the sum of squares of a weighted vector with respect to parameters. */
async function gradientsOf(
  vector: Value,
  source: TensorSource,
  names: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const loss = reduceSum(mul(mul(vector, vector), vector), [0, 1])
  const parameters = graphParameters([loss])
  const distinct = [...new Set(names)]
  const found = gradients(
    loss,
    distinct.map((name) => parameters.get(name)!),
  )
  const outputs = Object.fromEntries(found.map((gradient, i) => [`gradient ${i}`, gradient]))
  const bytes = lowerInference(outputs, await readParameters([loss], source))
  const session = await runtime.load({ kind: 'bytes', bytes }, { name: 'gradients' })
  const made = await session.run(fed)
  await session.release()
  return new Map(distinct.map((name, i) => [name, floatsOf(made[`gradient ${i}`], `gradient ${i}`)] as const))
}
