// The parameters that a graph has, by name: what is read from files for it, and what may train.
import { appError } from '../../base/errors.ts'
import { orderedNodes } from '../../graph/gradients.ts'
import type { Value } from '../../graph/value.ts'
import { shapeText, type TensorSource } from '../weights/tensor-source.ts'

/** Parameters that the values are made of, by name. */
export function graphParameters(values: readonly Value[]): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>()
  for (const node of orderedNodes(values)) {
    if (node.op.kind === 'parameter') found.set(node.op.name, { node, output: 0, ...node.outputs[0]! })
  }
  return found
}

/** The numbers of all parameters that the values are made of, by name; throws `weights.tensor` for one of another shape. */
export async function readParameters(
  values: readonly Value[],
  tensors: TensorSource,
  model = 'The weights',
): Promise<Map<string, Float32Array>> {
  const read = new Map<string, Float32Array>()
  for (const [name, { shape }] of graphParameters(values)) {
    const [got, wanted] = [tensors.shapeOf(name), shape.map(Number)].map(shapeText)
    const problem = `has the shape ${got}, expected ${wanted}`
    if (got !== wanted) throw appError('weights.tensor', { file: model, tensor: name, problem })
    read.set(name, (await tensors.read(name)).data)
  }
  return read
}
