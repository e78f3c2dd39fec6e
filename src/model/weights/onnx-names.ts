/**
 * Which initializer of an exported encoder is which of its weights, and whether it lies transposed.
 * Exporters fold the transposition of a linear layer into its weight and call it `onnx::MatMul_123`: what is added to
 * the product is the layer's bias, which has kept its name.
 */
import type { OnnxNode } from '../../onnx/message.ts'
import type { WeightGraph } from './read-onnx.ts'

/** An initializer under the name that published weights have. */
export interface NamedInitializer {
  readonly name: string
  readonly initializer: string
  /** True where it lies as [in, out], and PyTorch's weights are [out, in]. */
  readonly isTransposed: boolean
}

/** What a quantised product passes through before its bias is added. */
const passing = ['Cast', 'Mul']
/** ONNX Runtime's quantizer writes these three in place of one tensor. */
const quantizedEnding = '_quantized'

/** All weights of a graph, those of quantised layers too; scales and zero points are no weights of their own. */
export function namedInitializers(graph: WeightGraph): readonly NamedInitializer[] {
  const linear = linearWeights(graph)
  return graph.initializers
    .map(({ name }) => name)
    .filter((name) => !isPartOfAnother(name, graph))
    .map(
      (initializer) =>
        linear.get(initializer) ?? { name: unquantized(initializer), initializer, isTransposed: false },
    )
}

function linearWeights(graph: WeightGraph): ReadonlyMap<string, NamedInitializer> {
  const isInitializer = new Set(graph.initializers.map(({ name }) => name))
  const readers = readersOf(graph)
  const found = new Map<string, NamedInitializer>()
  for (const node of graph.nodes) {
    const weight = node.inputs[1]
    if (weight === undefined || !isInitializer.has(weight)) continue
    if (node.type === 'Gemm') {
      const name = layerOf(node.inputs[2]) ?? layerOfPath(node)
      const isTransposed = !isOne(node, 'transB')
      found.set(weight, { name: name ?? unquantized(weight), initializer: weight, isTransposed })
    } else if (node.type === 'MatMul' || node.type === 'MatMulInteger') {
      const name =
        layerOf(biasAfter(node, readers, isInitializer)) ?? layerOfPath(node) ?? unquantized(weight)
      found.set(weight, { name, initializer: weight, isTransposed: true })
    }
  }
  return found
}

function readersOf({ nodes }: WeightGraph): ReadonlyMap<string, readonly OnnxNode[]> {
  const readers = new Map<string, OnnxNode[]>()
  for (const node of nodes)
    for (const input of node.inputs) {
      const known = readers.get(input)
      if (known) known.push(node)
      else readers.set(input, [node])
    }
  return readers
}

/** The initializer that is added to a node's product, be it rescaled before. */
function biasAfter(
  node: OnnxNode,
  readers: ReadonlyMap<string, readonly OnnxNode[]>,
  isInitializer: ReadonlySet<string>,
): string | undefined {
  let output = node.outputs[0]!
  for (let steps = 0; steps < 4; steps++) {
    const next: readonly OnnxNode[] = readers.get(output) ?? []
    if (next.length !== 1) return undefined
    const [reader] = next
    if (reader!.type === 'Add')
      return reader!.inputs.find((input) => input !== output && isInitializer.has(input))
    if (!passing.includes(reader!.type)) return undefined
    output = reader!.outputs[0]!
  }
  return undefined
}

function layerOf(bias: string | undefined): string | undefined {
  return bias?.endsWith('.bias') ? `${bias.slice(0, -'.bias'.length)}.weight` : undefined
}

/** `/encoder/layer.0/attention/self/query/MatMul_output_0`, as PyTorch's exporter names what a module gives. */
function layerOfPath({ outputs }: OnnxNode): string | undefined {
  const path = /^\/((?:[\w.-]+\/)+)(?:MatMul|Gemm)[\w]*$/.exec(outputs[0] ?? '')?.[1]
  return path && `${path.slice(0, -1).replaceAll('/', '.')}.weight`
}

function unquantized(name: string): string {
  return name.endsWith(quantizedEnding) ? name.slice(0, -quantizedEnding.length) : name
}

function isPartOfAnother(name: string, { initializers }: WeightGraph): boolean {
  const base = /^(.*)_(?:scale|zero_point)$/.exec(name)?.[1]
  return base !== undefined && initializers.some((other) => other.name === base + quantizedEnding)
}

function isOne(node: OnnxNode, name: string): boolean {
  const attribute = node.attributes?.[name]
  return attribute?.kind === 'int' && attribute.value === 1
}
