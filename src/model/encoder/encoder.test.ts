import { afterAll, describe, expect, test } from 'vitest'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import { lowerInference } from '../../onnx/lower-inference.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import { floatsOf } from '../../runtime/tensor.ts'
import { encoderGraph } from './encoder.ts'
import type { EncoderFamily } from './encoder-config.ts'
import { copyVectors, openEncoderSession } from './encoder-session.ts'
import type { BatchLimits } from './framing.ts'
import { inputRanges } from './input-ranges.ts'
import { readParameters } from './parameters.ts'
import { pooled } from './pooling.ts'
import { encoderSource } from './read-encoder.ts'
import { referenceForward, tinyConfig, tinyTensors } from './tiny-encoder.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const families: readonly EncoderFamily[] = ['bert', 'roberta', 'distilbert']
const texts = [[4, 9, 20], [4, 30, 31, 32, 33, 5], [7]].map((ids) => Int32Array.from(ids))

describe('the forward pass', () => {
  for (const family of families) {
    for (const joined of [false, true]) {
      test(`of ${family} equals the one in loops, texts of several lengths in one batch (${joined ? 'joined' : 'single'} projections)`, async () => {
        const config = tinyConfig(family)
        const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
        const graph = encoderGraph(config, { joined })
        const outputs = { hidden: graph.hidden, mean: pooled(graph, { mode: 'mean', normalize: true }) }
        const { padId } = config
        const session = await openEncoderSession(outputs, source, runtime, { name: 'tiny', padId })
        const expected = await Promise.all(
          texts.map((ids) => referenceForward(config, source, { ids: [...ids] })),
        )
        let seen = 0
        await session.run(texts, ({ rows, time, outputs }) => {
          const hidden = floatsOf(outputs['hidden'], 'hidden')
          const mean = floatsOf(outputs['mean'], 'mean')
          rows.forEach((row, i) => {
            const last = expected[row]!.at(-1)!
            const width = config.hidden
            last.forEach((state, at) => {
              const got = hidden.subarray((i * time + at) * width, (i * time + at + 1) * width)
              expectClose([...got], state)
            })
            expectClose([...mean.subarray(i * width, (i + 1) * width)], unitMean(last))
            seen++
          })
        })
        expect(seen).toBe(3)
        await session.release()
      })
    }
  }
})

describe('products in 8 bits', () => {
  const config = tinyConfig('bert', { hidden: 128, intermediate: 256 })
  const { padId, hidden } = config
  const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
  const outputs = {
    vector: pooled(encoderGraph(config, { joined: true }), { mode: 'mean', normalize: true }),
  }
  const options = { name: 'tiny', padId }
  const longer = Array.from({ length: 40 }, (_, row) =>
    Int32Array.from({ length: 1 + ((row * 7) % 37) }, (_, at) => (row * 31 + at * 17) % config.vocabulary),
  )

  const vectorsOf = async (
    precision: WeightPrecision,
    batches: readonly (readonly Int32Array[])[],
    limits?: BatchLimits,
  ) => {
    const session = await openEncoderSession(outputs, source, runtime, { ...options, precision })
    const all: number[] = []
    for (const batch of batches) {
      const into = new Float32Array(batch.length * hidden)
      await session.run(batch, (encoded) => copyVectors(encoded, 'vector', into), {
        ...(limits && { limits }),
      })
      all.push(...into)
    }
    const { sizeBytes } = session
    await session.release()
    return { all, sizeBytes }
  }
  const int8 = async (): Promise<WeightPrecision> => {
    const ranges = await inputRanges(outputs, source, runtime, { ...options, texts: longer })
    expect(Object.keys(ranges)).toHaveLength(6 * config.layers)
    return { kind: 'int8', ranges }
  }

  test('change vectors little and make the model small', async () => {
    const [exact, coarse] = [await vectorsOf('float32', [texts]), await vectorsOf(await int8(), [texts])]
    expect(coarse.sizeBytes).toBeLessThan(0.5 * exact.sizeBytes)
    expect(farthest(coarse.all, exact.all)).toBeLessThan(0.02)
    expect(farthest(coarse.all, exact.all)).toBeGreaterThan(1e-6)
  })

  test('and in single precision give a text the same vector in a batch as alone', async () => {
    const alone = longer.map((text) => [text])
    for (const precision of ['float32', await int8()] as const) {
      const [together, apart] = [await vectorsOf(precision, [longer]), await vectorsOf(precision, alone)]
      expect(farthest(together.all, apart.all)).toBeLessThan(1e-6)
    }
  })
})

test('upper layers fed what the lower ones made give what the whole gives', async () => {
  const config = tinyConfig('bert')
  const source = encoderSource(config, tinyTensors(config, 3), 'tiny')
  const lower = encoderGraph(config, { to: 1 })
  const whole = encoderGraph(config, { from: 1, below: lower })
  const upper = encoderGraph(config, { from: 1 })
  const ids = [...texts[1]!]
  const states = await referenceForward(config, source, { ids })
  const { padId } = config
  const both = { lower: lower.hidden, whole: whole.hidden }
  const session = await openEncoderSession(both, source, runtime, { name: 'tiny', padId })
  const bytes = lowerInference({ states: upper.hidden }, await readParameters([upper.hidden], source))
  const rest = await runtime.load({ kind: 'bytes', bytes }, { name: 'upper' })
  await session.run([texts[1]!], ({ outputs }) => {
    expectClose([...floatsOf(outputs['lower'], 'lower')], states[1]!.flat())
    expectClose([...floatsOf(outputs['whole'], 'whole')], states.at(-1)!.flat())
  })
  const shape = [1, ids.length]
  const fed = {
    dtype: 'float32',
    shape: [...shape, config.hidden],
    data: Float32Array.from(states[1]!.flat()),
  } as const
  const mask = { dtype: 'float32', shape, data: new Float32Array(ids.length).fill(1) } as const
  const { states: last } = await rest.run({ hidden: fed, mask })
  expectClose([...floatsOf(last, 'states')], states.at(-1)!.flat())
  await Promise.all([session.release(), rest.release()])
})

function farthest(a: readonly number[], b: readonly number[]): number {
  return a.reduce((most, x, at) => Math.max(most, Math.abs(x - b[at]!)), 0)
}

function unitMean(rows: readonly (readonly number[])[]): readonly number[] {
  const mean = rows[0]!.map((_, unit) => rows.reduce((sum, row) => sum + row[unit]!, 0) / rows.length)
  const length = Math.hypot(...mean)
  return mean.map((x) => x / length)
}

function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length)
  const off = got.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0)
  expect(off).toBeLessThan(2e-5)
}
