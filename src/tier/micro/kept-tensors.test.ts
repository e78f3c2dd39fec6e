import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { copyVectors } from '../../model/encoder/encoder-session.ts'
import { frameText } from '../../model/encoder/framing.ts'
import { headLogits } from '../../model/encoder/heads.ts'
import { encoderTensors } from '../../model/encoder/weight-names.ts'
import { type CodeTensor, safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import { type StoredTensor, type TensorSource, tensorsInMemory } from '../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import { createOnnxNodeRuntime } from '../../runtime/onnx-node.ts'
import { overlaid, weightsFile } from './artefact.ts'
import { keptBytes, openOwnTensors } from './kept-tensors.ts'
import { eightBits } from './serving/layer-forms.ts'
import { createMicroServing } from './serving/serving.ts'
import { tinyBase } from './tiny-base.contract.ts'

const runtime = createOnnxNodeRuntime()
afterAll(() => runtime.dispose())

const base = tinyBase()
const { config, tokenizer } = base
const labels = 3
const query = 'encoder.layer.0.attention.self.query.weight'
const texts = ['please help with my card', 'loan', 'what is the weather on the cancel number 12345'].map(
  (text) => frameText(tokenizer, text, 64),
)

/** A head and all layers, with numbers of their own. */
const trained = ((): ReadonlyMap<string, StoredTensor> => {
  const random = seededRandom(5)
  const numbers = (shape: readonly number[], middle: number): StoredTensor => {
    const length = shape.reduce((product, size) => product * size, 1)
    return { shape, data: Float32Array.from({ length }, () => middle + 0.1 * random.normal()) }
  }
  const layers = encoderTensors(config).filter(({ name }) => /^encoder\.|LayerNorm/.test(name))
  return new Map([
    ['head.weight', numbers([labels, config.hidden], 0)],
    ['head.bias', numbers([labels], 0)],
    ...layers.map(
      ({ name, shape }) => [name, numbers(shape, name.endsWith('LayerNorm.weight') ? 1 : 0)] as const,
    ),
  ])
})()

const roundedForm = (): Promise<WeightPrecision> =>
  eightBits(texts, {
    ...{ base, runtime, threads: 1 },
    tensors: overlaid(tinyBase().tensors, tensorsInMemory(trained)),
  })

const opened = (bytes: Uint8Array, precision: WeightPrecision): Promise<TensorSource> =>
  openOwnTensors(new Map([[weightsFile, bytes]]), precision)

async function answers(own: TensorSource, precision: WeightPrecision): Promise<Float32Array> {
  const serving = createMicroServing({ openBase: async () => tinyBase(), runtime, threads: 1 })
  const head = { name: 'head', from: config.hidden, to: labels }
  const { session } = await serving.openVectorForm({
    ...{ base, precision, own },
    outputs: (vector) => ({ logits: headLogits(vector, head) }),
  })
  const logits = new Float32Array(texts.length * labels)
  await session.run(texts, (batch) => copyVectors(batch, 'logits', logits))
  await session.release()
  return logits
}

describe('tensors that are kept', () => {
  test('in 8 bits they take about a quarter, and answer as those did that were judged, to the last bit', async () => {
    const precision = await roundedForm()
    const [large, small] = [keptBytes(trained, 'float32'), keptBytes(trained, precision)]
    expect(small.length).toBeLessThan(0.3 * large.length)
    const judged = await answers(tensorsInMemory(trained), precision)
    expect(await answers(await opened(small, precision), precision)).toEqual(judged)
    expect(await answers(await opened(large, 'float32'), 'float32')).not.toEqual(judged)
  })

  test('those of older artefacts, whole beside a precision of 8 bits, are served as before', async () => {
    const precision = await roundedForm()
    const whole = await opened(keptBytes(trained, 'float32'), precision)
    expect(await answers(whole, precision)).toEqual(await answers(tensorsInMemory(trained), precision))
  })

  test('those of four bytes come first in the file, so that all are aligned', async () => {
    const bytes = keptBytes(trained, await roundedForm())
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header: { readonly [name: string]: { readonly dtype: string; readonly data_offsets: number[] } } =
      JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    const codes = Object.entries(header).filter(([, { dtype }]) => dtype === 'I8')
    expect(codes).toHaveLength(6 * config.layers)
    for (const { dtype, data_offsets } of Object.values(header)) {
      if (dtype === 'F32') expect((8 + length + data_offsets[0]!) % 4).toBe(0)
    }
  })

  test('kept again they are the same bytes, and what has no range is as it was', async () => {
    const precision = await roundedForm()
    const small = keptBytes(trained, precision)
    const source = await opened(small, precision)
    expect(source.names).toEqual([...trained.keys()].sort())
    const read = await Promise.all(source.names.map(async (name) => [name, await source.read(name)] as const))
    expect(keptBytes(new Map(read), precision)).toEqual(small)
    expect((await source.read('head.weight')).data).toEqual(trained.get('head.weight')!.data)
  })
})

describe('tensors that lie about their 8 bits', () => {
  const width = config.hidden
  const codes = (shape: readonly number[]): CodeTensor => ({
    shape,
    data: new Int8Array(shape.reduce((product, size) => product * size, 1)).fill(127),
  })
  const scales = (shape: readonly number[], value = 0.01): StoredTensor => ({
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
  })

  test.each<readonly [string, StoredTensor | CodeTensor, StoredTensor, RegExp]>([
    [
      'too few scales',
      codes([width, width]),
      scales([width - 1]),
      /scales of the shape \[95\], expected \[96\]/,
    ],
    ['scales in two axes', codes([width, width]), scales([width, 1]), /scales of the shape \[96, 1\]/],
    ['a scale of 0', codes([width, width]), scales([width], 0), /has the scale 0 at output 0/],
    ['a scale below 0', codes([width, width]), scales([width], -1), /has the scale -1 at output 0/],
    ['one axis', codes([width]), scales([width]), /with the shape \[96\], expected \[out, in\]/],
    ['numbers that are no codes', scales([width, width], 0.5), scales([width]), /holds 0\.5 at element 0/],
    [
      'a code below −127',
      { shape: [1, width], data: new Int8Array(width).fill(-128) },
      scales([1]),
      /holds -128/,
    ],
  ])('%s: the tensor is named', async (_, weight, scale, problem) => {
    const bytes = safetensorsBytes(
      new Map([
        [query, weight],
        [`${query}.scale`, scale],
      ]),
    )
    const source = await opened(bytes, await roundedForm())
    const reading = source.read(query)
    await expect(reading).rejects.toMatchObject({ code: 'weights.tensor' })
    await expect(reading).rejects.toThrow(query)
    await expect(reading).rejects.toThrow(problem)
  })

  test('codes beside a description in single precision are refused', async () => {
    const source = await opened(keptBytes(trained, await roundedForm()), 'float32')
    await expect(source.read(query)).rejects.toThrow(/query\.weight" is kept in 8 bits, and nothing says/)
  })

  test('a tensor of another shape than its base’s is named when it is loaded', async () => {
    const precision = await roundedForm()
    const other = new Map(trained).set(query, scales([width - 1, width]))
    const own = await opened(keptBytes(other, precision), precision)
    const loading = answers(own, precision)
    await expect(loading).rejects.toMatchObject({ code: 'weights.tensor' })
    await expect(loading).rejects.toThrow(/query\.weight" has the shape \[95, 96\], expected \[96, 96\]/)
  })
})
