/**
 * Collects the ONNX nodes of one graph while values are lowered to them, on demand and each once.
 * The body of a loop has an emitter of its own that sees the names of the graph around it.
 */
import { assert } from '../base/errors.ts'
import { axisNames, type Dim, type Shape } from '../graph/dim.ts'
import type { Node, Value } from '../graph/value.ts'
import { lowerNode } from './lower-rules.ts'
import type { ElementType, OnnxAttribute, OnnxNode, OnnxTensor } from './message.ts'

/** Which operations may be used: those fused for the processor too, or only those that WebGPU has as well. */
export type LoweringTarget = 'cpu' | 'portable'

/** Optional parts of a node. */
export interface EmitOptions {
  readonly attributes?: { readonly [name: string]: OnnxAttribute }
  readonly outputs?: number
  readonly domain?: string
}

/** What lowering rules write to. */
export interface Emitter {
  readonly target: LoweringTarget
  readonly nodes: OnnxNode[]
  /** Name of a value, which is lowered if it has not been. */
  name(value: Value): string
  /** Gives a value the name of something that is there already: an input, or what a loop carries. */
  bind(value: Value, name: string): void
  /** True for a node that has a name already. */
  bound(node: Node): boolean
  /** Appends a node and gives the names of its outputs. */
  emit(type: string, inputs: readonly string[], options?: EmitOptions): readonly string[]
  /** Name of a constant; equal scalars and lists are kept once. */
  constant(
    type: ElementType,
    dims: readonly number[],
    data: Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array,
  ): string
  /** Name of a list of int64. */
  ints(...numbers: readonly number[]): string
  /** Name of an int64 list with the sizes of these axes. */
  sizes(shape: Shape): string
  /** Name of a zero tensor of these axes. */
  zeros(shape: Shape): string
  /** Where the named axes of this run are read: an input's name and which of its axes. */
  bindAxes(input: string, shape: Shape): void
  /** A name that no other value has. */
  fresh(): string
}

/** Names and constants that all graphs of one model share. */
export interface ModelScope {
  readonly initializers: OnnxTensor[]
  readonly constants: Map<string, string>
  readonly next: { name: number }
}

/** An empty scope for one model. */
export function createModelScope(): ModelScope {
  return { initializers: [], constants: new Map(), next: { name: 0 } }
}

/**
 * An emitter for a graph; sizes of axes are computed in the outermost one, once a run. Nodes that `fused` gives names for
 * are not lowered by their rule.
 */
export function createEmitter(
  target: LoweringTarget,
  scope: ModelScope,
  outer?: Emitter,
  fused?: (node: Node, emitter: Emitter) => readonly string[] | undefined,
): Emitter {
  const names = new Map<Node, string[]>()
  const axes = new Map<string, string>()
  const cached = new Map<string, string>()
  const nodes: OnnxNode[] = []
  const fresh = (): string => `v${scope.next.name++}`
  const once = (key: string, make: () => string): string => {
    const known = cached.get(key)
    if (known !== undefined) return known
    const made = make()
    cached.set(key, made)
    return made
  }
  const emitter: Emitter = {
    target,
    nodes,
    fresh,
    bind: ({ node, output }, name) => {
      const ofNode = names.get(node) ?? []
      ofNode[output] = name
      names.set(node, ofNode)
    },
    bound: (node) => names.has(node),
    name: ({ node, output }) => {
      if (names.get(node)?.[output] === undefined)
        names.set(node, [...(fused?.(node, emitter) ?? lowerNode(node.op, node, emitter))])
      const name = names.get(node)?.[output]
      assert(name !== undefined, `output ${output} of ${node.op.kind} has no name after lowering`)
      return name
    },
    emit: (type, inputs, options = {}) => {
      const outputs = Array.from({ length: options.outputs ?? 1 }, fresh)
      nodes.push({
        type,
        inputs,
        outputs,
        ...(options.attributes && { attributes: options.attributes }),
        ...(options.domain !== undefined && { domain: options.domain }),
      })
      return outputs
    },
    constant: (type, dims, data) => addConstant(scope, fresh, type, dims, data),
    ints: (...numbers) =>
      emitter.constant('int64', [numbers.length], BigInt64Array.from(numbers.map(BigInt))),
    bindAxes: (input, shape) => {
      shape.forEach((dim, axis) => {
        if (typeof dim !== 'string' || dim.includes('*') || axes.has(dim)) return
        axes.set(
          dim,
          once(`axis ${dim}`, () => axisSize(emitter, input, axis)),
        )
      })
    },
    sizes: (shape) =>
      outer ? outer.sizes(shape) : once(`sizes ${shape}`, () => sizesOf(emitter, shape, axes)),
    zeros: (shape) => (outer ? outer.zeros(shape) : once(`zeros ${shape}`, () => zerosOf(emitter, shape))),
  }
  return emitter
}

function axisSize(emitter: Emitter, input: string, axis: number): string {
  const attributes = { start: { kind: 'int', value: axis }, end: { kind: 'int', value: axis + 1 } } as const
  return emitter.emit('Shape', [input], { attributes })[0]!
}

function zerosOf(emitter: Emitter, shape: Shape): string {
  const zero = emitter.constant('float32', [], Float32Array.of(0))
  return shape.length === 0 ? zero : emitter.emit('Expand', [zero, emitter.sizes(shape)])[0]!
}

function sizesOf(emitter: Emitter, shape: Shape, axes: ReadonlyMap<string, string>): string {
  const numbers = shape.filter((dim) => typeof dim === 'number')
  if (numbers.length === shape.length) return emitter.ints(...numbers)
  const parts = shape.map((dim) => sizeOf(emitter, dim, axes))
  if (parts.length === 1) return parts[0]!
  return emitter.emit('Concat', parts, { attributes: { axis: { kind: 'int', value: 0 } } })[0]!
}

function sizeOf(emitter: Emitter, dim: Dim, axes: ReadonlyMap<string, string>): string {
  if (typeof dim === 'number') return emitter.ints(dim)
  const factor = Number(dim.split('*')[0])
  const factors = axisNames(dim).map((name) => {
    const size = axes.get(name)
    assert(size !== undefined, `no input has the axis ${name}, so its size is not known in a run`)
    return size
  })
  const all = Number.isNaN(factor) ? factors : [emitter.ints(factor), ...factors]
  return all.reduce((product, next) => emitter.emit('Mul', [product, next])[0]!)
}

function addConstant(
  scope: ModelScope,
  fresh: () => string,
  type: ElementType,
  dims: readonly number[],
  data: Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array,
): string {
  const key = data.length <= 16 ? `${type} ${dims.join()}: ${data.join()}` : undefined
  const known = key === undefined ? undefined : scope.constants.get(key)
  if (known !== undefined) return known
  const name = fresh()
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  scope.initializers.push({ name, type, dims, data: bytes })
  if (key !== undefined) scope.constants.set(key, name)
  return name
}

/** The nodes that lead to the outputs, in their order, and of their outputs those up to the last one used. */
export function usedNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): readonly OnnxNode[] {
  const wanted = new Set(outputs)
  const used = nodes.toReversed().flatMap((node) => {
    const last = node.outputs.findLastIndex((name) => wanted.has(name))
    if (last < 0) return []
    for (const name of namesUsedBy(node)) wanted.add(name)
    return [{ ...node, outputs: node.outputs.slice(0, last + 1) }]
  })
  return used.reverse()
}

/** Names that a node reads, also those that the body of a loop takes from around it. */
function namesUsedBy(node: OnnxNode): readonly string[] {
  const bodies = Object.values(node.attributes ?? {}).flatMap((attribute) =>
    attribute.kind === 'graph' ? [attribute.value] : [],
  )
  const inner = bodies.flatMap((body) => [
    ...body.nodes.flatMap(namesUsedBy),
    ...body.outputs.map(({ name }) => name),
  ])
  return [...node.inputs, ...inner]
}

/** The constants that some node reads, bodies of loops included. */
export function usedInitializers(
  initializers: readonly OnnxTensor[],
  nodes: readonly OnnxNode[],
): readonly OnnxTensor[] {
  const used = new Set(nodes.flatMap(namesUsedBy))
  return initializers.filter(({ name }) => used.has(name))
}
