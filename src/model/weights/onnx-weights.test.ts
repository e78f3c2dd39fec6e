import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ElementType, OnnxGraph, OnnxNode, OnnxTensor } from '../../onnx/message.ts'
import { encodeMessage } from '../../onnx/protobuf.ts'
import { encodeModel } from '../../onnx/write.ts'
import { openBytes } from './byte-range.ts'
import { onnxTensors } from './onnx-weights.ts'
import { readOnnxWeights } from './read-onnx.ts'
import type { TensorSource } from './tensor-source.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-weights-'))
})
afterAll(() => rm(folder, { recursive: true }))

type Numbers = Float32Array | Int8Array | Uint8Array | BigInt64Array

function initializer(name: string, type: ElementType, dims: readonly number[], data: Numbers): OnnxTensor {
  return { name, type, dims, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}

const floats = (name: string, dims: readonly number[], ...values: readonly number[]): OnnxTensor =>
  initializer(name, 'float32', dims, Float32Array.from(values))

const node = (type: string, inputs: readonly string[], output: string, transB?: number): OnnxNode => ({
  type,
  inputs,
  outputs: [output],
  ...(transB !== undefined && { attributes: { transB: { kind: 'int', value: transB } } }),
})

function open(graph: Partial<OnnxGraph>): TensorSource {
  const whole: OnnxGraph = { name: 'g', nodes: [], initializers: [], inputs: [], outputs: [], ...graph }
  const bytes = encodeModel({ graph: whole, opsets: { '': 17 } })
  return onnxTensors(readOnnxWeights(bytes, 'model.onnx'), {
    file: 'model.onnx',
    external: (location) => openBytes(join(folder, location)),
  })
}

describe('a weight without a name of its own', () => {
  const anonymous = floats('onnx::MatMul_7', [2, 3], 1, 2, 3, 4, 5, 6)
  const expected = { shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) }

  it('has the name of the layer whose bias is added to its product, and the orientation of published weights', async () => {
    const source = open({
      nodes: [node('MatMul', ['x', 'onnx::MatMul_7'], 'p'), node('Add', ['layer.0.dense.bias', 'p'], 'y')],
      initializers: [floats('layer.0.dense.bias', [3], 0, 0, 0), anonymous],
    })
    expect(source.names).toEqual(['layer.0.dense.bias', 'layer.0.dense.weight'])
    expect(source.shapeOf('layer.0.dense.weight')).toEqual([3, 2])
    expect(await source.read('layer.0.dense.weight')).toEqual(expected)
  })

  it('has the name of the module that its product is named after, where there is no bias', () => {
    const nodes = [node('MatMul', ['x', 'onnx::MatMul_7'], '/encoder/layer.0/query/MatMul_output_0')]
    expect(open({ nodes, initializers: [anonymous] }).names).toEqual(['encoder.layer.0.query.weight'])
  })

  it('of a Gemm lies as the Gemm says', async () => {
    const initializers = [floats('head.bias', [3], 0, 0, 0), anonymous]
    const as = (transB: number): TensorSource =>
      open({ nodes: [node('Gemm', ['x', 'onnx::MatMul_7', 'head.bias'], 'y', transB)], initializers })
    expect(await as(0).read('head.weight')).toEqual(expected)
    expect((await as(1).read('head.weight')).shape).toEqual([2, 3])
  })
})

describe('quantised weights', () => {
  it('are numbers again, by column and by tensor, and their scales are no weights', async () => {
    const source = open({
      nodes: [
        node('MatMulInteger', ['xq', 'w_quantized', 'xz', 'w_zero_point'], 'i'),
        node('Cast', ['i'], 'f'),
        node('Mul', ['f', 's'], 'p'),
        node('Add', ['dense.bias', 'p'], 'y'),
      ],
      initializers: [
        floats('dense.bias', [2], 0, 0),
        initializer('w_quantized', 'int8', [2, 2], Int8Array.of(-10, 20, 30, -40)),
        floats('w_scale', [2], 0.5, 0.25),
        initializer('w_zero_point', 'int8', [2], Int8Array.of(0, 4)),
        initializer('words.weight_quantized', 'uint8', [1, 2], Uint8Array.of(0, 255)),
        floats('words.weight_scale', [], 2),
        initializer('words.weight_zero_point', 'uint8', [], Uint8Array.of(128)),
      ],
    })
    expect(source.names).toEqual(['dense.bias', 'dense.weight', 'words.weight'])
    expect((await source.read('dense.weight')).data).toEqual(Float32Array.of(-5, 15, 4, -11))
    expect((await source.read('words.weight')).data).toEqual(Float32Array.of(-256, 254))
  })

  it('with as many scales as fit neither are refused', async () => {
    const source = open({
      initializers: [
        initializer('w_quantized', 'int8', [2, 2], Int8Array.of(1, 2, 3, 4)),
        floats('w_scale', [3], 1, 1, 1),
      ],
    })
    await expect(source.read('w')).rejects.toThrow('"w" has 3 scales and 3 zero points for 2 columns')
  })
})

describe('data that do not lie in raw bytes', () => {
  it('are read number by number, as older exporters wrote them', async () => {
    const tensor = encodeMessage((writer) => {
      writer.ints(1, [2])
      writer.int(2, 1)
      writer.floats(4, [1.5, -2])
      writer.text(8, 'w')
    })
    const model = encodeMessage((writer) => writer.message(7, (graph) => graph.bytes(5, tensor)))
    const source = onnxTensors(readOnnxWeights(model, 'm'), { file: 'm' })
    expect(await source.read('w')).toEqual({ shape: [2], data: Float32Array.of(1.5, -2) })
  })

  const outside = (external: Record<string, string>): TensorSource =>
    open({ initializers: [{ name: 'w', type: 'float32', dims: [2], data: new Uint8Array(0), external }] })

  it('are read from the file beside the model', async () => {
    await writeFile(join(folder, 'm.data'), new Uint8Array(Float32Array.of(9, 1, 2).buffer))
    const source = outside({ location: 'm.data', offset: '4', length: '8' })
    expect((await source.read('w')).data).toEqual(Float32Array.of(1, 2))
  })

  it('are refused where they lie outside of the file or of the folder', async () => {
    await expect(outside({ location: 'm.data', offset: '8', length: '8' }).read('w')).rejects.toThrow(
      '"w" lies at 8 of m.data, outside of its 12 bytes',
    )
    await expect(outside({ location: '../m.data' }).read('w')).rejects.toThrow('lies in the file "../m.data"')
    await expect(outside({ location: 'm.data', length: '4' }).read('w')).rejects.toThrow(
      'has 4 bytes in m.data',
    )
  })
})

describe('an ONNX file that lies is an error that says where', () => {
  it('by the name of the tensor', async () => {
    const short = open({ initializers: [floats('w', [3], 1)] })
    await expect(short.read('w')).rejects.toThrow('"w" has 4 bytes, but float32 [3] takes 12')
    const infinite = open({ initializers: [floats('w', [1], Number.NaN)] })
    await expect(infinite.read('w')).rejects.toThrow('"w" holds NaN at element 0')
    expect(() => open({ initializers: [floats('w', [1], 1), floats('w', [1], 1)] })).toThrow(
      '"w" is there twice',
    )
    const nodes = ['a', 'b'].flatMap((name) => [
      node('MatMul', ['x', name], `p${name}`),
      node('Add', [`p${name}`, 'l.bias'], `y${name}`),
    ])
    const initializers = [floats('a', [1, 1], 1), floats('b', [1, 1], 1), floats('l.bias', [1], 1)]
    expect(() => open({ nodes, initializers })).toThrow('"l.weight" is both a and b')
  })

  it('or of the file, where it is cut short or is something else', async () => {
    const bytes = await readFile(new URL(import.meta.url))
    expect(() => readOnnxWeights(bytes, 'm.onnx')).toThrow(
      'm.onnx cannot be read as weights: it is no ONNX model',
    )
    const graph = { name: 'g', nodes: [], initializers: [floats('w', [2], 1, 2)], inputs: [], outputs: [] }
    const whole = encodeModel({ graph, opsets: { '': 17 } })
    for (let length = 0; length < whole.length - 8; length++)
      expect(() => readOnnxWeights(whole.subarray(0, length), 'm.onnx')).toThrow(
        'm.onnx cannot be read as weights',
      )
  })
})
