// The tensors of an artefact as they are kept: weights that are multiplied in 8 bits are those 8 bits, with a scale for
// each output beside them, a quarter of the size. Read again they are the numbers that the codes stand for, which become
// the same codes when they are loaded.

import { appError } from '../../base/errors.ts'
import { parseSafetensors } from '../../model/weights/safetensors.ts'
import { type CodeTensor, safetensorsBytes } from '../../model/weights/safetensors-writer.ts'
import { type StoredTensor, shapeText, type TensorSource } from '../../model/weights/tensor-source.ts'
import type { WeightPrecision } from '../../onnx/fused-rules.ts'
import { factorsOf, type InputRange } from '../../onnx/input-ranges.ts'
import { codedNumbers, mostCode, quantiseWeight } from '../../onnx/quantise-weights.ts'
import type { Artefact } from '../tier.ts'
import { weightsFile } from './artefact.ts'

/** Name of the scales [out] of a weight that is kept in 8 bits. */
const scaleName = (weight: string): string => `${weight}.scale`

/** A safetensors file of tensors that are served so. */
export function keptBytes(
  tensors: ReadonlyMap<string, StoredTensor>,
  precision: WeightPrecision,
): Uint8Array<ArrayBuffer> {
  return safetensorsBytes(
    new Map(
      [...tensors].flatMap(([name, tensor]): [string, StoredTensor | CodeTensor][] => {
        const range = rangeOf(precision, name)
        if (!range) return [[name, tensor]]
        const { shape, data } = tensor
        const { codes, scales } = quantiseWeight(data, factorsOf(range, shape[1]!))
        return [
          [name, { shape, data: codes }],
          [scaleName(name), { shape: [shape[0]!], data: scales }],
        ]
      }),
    ),
  )
}

/** The tensors that an artefact has of its own; throws `weights.file`, or `weights.tensor` for codes that are none. */
export async function openOwnTensors(
  files: Artefact['files'],
  precision: WeightPrecision,
): Promise<TensorSource> {
  const weights = files.get(weightsFile)
  if (!weights) throw appError('internal.bug', { problem: `a micro artefact has no ${weightsFile}` })
  const stored = await parseSafetensors(weights, weightsFile)
  const names = new Set(stored.names)
  const isScale = (name: string): boolean =>
    name.endsWith('.scale') && names.has(name.slice(0, -'.scale'.length))
  return {
    names: stored.names.filter((name) => !isScale(name)),
    shapeOf: (name) => stored.shapeOf(name),
    read: async (name) => {
      const tensor = await stored.read(name)
      if (!names.has(scaleName(name))) return tensor
      const scale = await stored.read(scaleName(name))
      return numbersOf({ tensor: name, range: rangeOf(precision, name) }, tensor, scale)
    },
    close: () => stored.close(),
  }
}

function rangeOf(precision: WeightPrecision, name: string): InputRange | undefined {
  return precision === 'float32' ? undefined : precision.ranges[name]
}

interface Kept {
  readonly tensor: string
  readonly range: InputRange | undefined
}

function numbersOf(
  { tensor, range }: Kept,
  { shape, data }: StoredTensor,
  scale: StoredTensor,
): StoredTensor {
  const lie = (problem: string): Error => appError('weights.tensor', { file: weightsFile, tensor, problem })
  if (!range) throw lie('is kept in 8 bits, and nothing says how its inputs are rounded')
  if (shape.length !== 2)
    throw lie(`is kept in 8 bits with the shape ${shapeText(shape)}, expected [out, in]`)
  const [got, wanted] = [scale.shape, shape.slice(0, 1)].map(shapeText)
  if (got !== wanted) throw lie(`has scales of the shape ${got}, expected ${wanted}`)
  const bad = scale.data.findIndex((one) => !(one > 0))
  if (bad >= 0) throw lie(`has the scale ${scale.data[bad]} at output ${bad}, expected one above 0`)
  const odd = data.findIndex((code) => !Number.isInteger(code) || Math.abs(code) > mostCode)
  if (odd >= 0) throw lie(`holds ${data[odd]} at element ${odd}, expected a whole number from −127 to 127`)
  const coded = { codes: Int8Array.from(data), scales: scale.data }
  return { shape, data: codedNumbers(coded, factorsOf(range, shape[1]!)) }
}
