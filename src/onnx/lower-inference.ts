/** Lowers a graph for prediction: one ONNX model whose parameters are constants, which ONNX Runtime packs once. */
import { assert } from '../base/errors.ts'
import { product } from '../graph/dim.ts'
import { orderedNodes } from '../graph/gradients.ts'
import type { Value } from '../graph/value.ts'
import {
  createEmitter,
  createModelScope,
  type Emitter,
  type LoweringTarget,
  usedInitializers,
  usedNodes,
} from './emitter.ts'
import { fusedLowering, type WeightPrecision } from './fused-rules.ts'
import type { OnnxValueInfo } from './message.ts'
import { encodeModel } from './write.ts'

/** Values of parameters by name, row after row. */
export type Tensors = ReadonlyMap<string, Float32Array>

/** Operation sets that lowered graphs use. */
export const opsets = { '': 20, 'com.microsoft': 1 } as const

/** Bytes of a model that computes `outputs`, under their names, from the graph's inputs; parameters come from `tensors`. */
export function lowerInference(
  outputs: { readonly [name: string]: Value },
  tensors: Tensors,
  options: {
    readonly target?: LoweringTarget
    /** Operations are joined for a processor, and the weights of linear layers are kept so; by default nothing is. */
    readonly fused?: WeightPrecision
  } = {},
): Uint8Array {
  const values = Object.values(outputs)
  const scope = createModelScope()
  const { target = 'cpu', fused } = options
  const emitter = createEmitter(target, scope, undefined, fused && fusedLowering(tensors, fused))
  const inputs = bindInputs(emitter, values)
  bindParameters(emitter, values, frozenNames(emitter, values, tensors))
  for (const node of orderedNodes(values)) emitter.name({ node, output: 0, ...node.outputs[0]! })
  for (const [name, value] of Object.entries(outputs)) {
    emitter.nodes.push({ type: 'Identity', inputs: [emitter.name(value)], outputs: [name] })
  }
  const nodes = usedNodes(emitter.nodes, Object.keys(outputs))
  return encodeModel({
    opsets,
    graph: {
      name: 'inference',
      nodes,
      initializers: usedInitializers(scope.initializers, nodes),
      inputs,
      outputs: Object.entries(outputs).map(([name, { dtype, shape }]) => ({ name, type: dtype, shape })),
    },
  })
}

function bindInputs(emitter: Emitter, values: readonly Value[]): readonly OnnxValueInfo[] {
  const inputs: OnnxValueInfo[] = []
  for (const node of orderedNodes(values)) {
    const { op } = node
    if (op.kind !== 'input') continue
    assert(!inputs.some(({ name }) => name === op.name), `two inputs are named ${op.name}`)
    inputs.push({ name: op.name, type: op.dtype, shape: op.shape })
    emitter.bind({ node, output: 0, ...node.outputs[0]! }, op.name)
    emitter.bindAxes(op.name, op.shape)
  }
  return inputs
}

/** Names of the constants that the parameters not trained become. */
export function frozenNames(
  emitter: Emitter,
  values: readonly Value[],
  tensors: Tensors,
  trained: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { op } of orderedNodes(values)) {
    if (op.kind !== 'parameter' || trained.has(op.name) || names.has(op.name)) continue
    const data = tensors.get(op.name)
    assert(data, `the parameter ${op.name} has no values`)
    const size = product(...op.shape)
    assert(size === data.length, `the parameter ${op.name} has ${data.length} values instead of ${size}`)
    names.set(op.name, emitter.constant('float32', op.shape.map(Number), data))
  }
  return names
}

/** Gives the parameters of a graph their names. */
export function bindParameters(
  emitter: Emitter,
  values: readonly Value[],
  names: ReadonlyMap<string, string>,
): void {
  for (const node of orderedNodes(values)) {
    const name = node.op.kind === 'parameter' ? names.get(node.op.name) : undefined
    if (name !== undefined) emitter.bind({ node, output: 0, ...node.outputs[0]! }, name)
  }
}
