// The parameters that a graph has, by name: what is read from files for it, and what may train.
import { orderedNodes } from '../../graph/gradients.ts'
import type { Value } from '../../graph/value.ts'
import type { TensorSource } from '../weights/tensor-source.ts'

/** Parameters that the values are made of, by name. */
export function graphParameters(values: readonly Value[]): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>()
  for (const node of orderedNodes(values)) {
    if (node.op.kind === 'parameter') found.set(node.op.name, { node, output: 0, ...node.outputs[0]! })
  }
  return found
}

/** The numbers of all parameters that the values are made of, by name. */
export async function readParameters(
  values: readonly Value[],
  tensors: TensorSource,
): Promise<Map<string, Float32Array>> {
  const read = new Map<string, Float32Array>()
  for (const name of graphParameters(values).keys()) read.set(name, (await tensors.read(name)).data)
  return read
}
