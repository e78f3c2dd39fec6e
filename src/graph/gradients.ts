/** Reverse-mode differentiation of a graph (Linnainmaa, 1970): one backward pass for all parameters. */
import { assert } from '../base/errors.ts'
import { shapeText } from './dim.ts'
import { inputGradients, stopsGradient } from './gradient-rules.ts'
import * as g from './ops.ts'
import type { Node, Value } from './value.ts'

/** Nodes that the values are made of, each after its inputs; what lies behind a node where it `stops` is left out. */
export function orderedNodes(
  values: readonly Value[],
  stops: (node: Node) => boolean = () => false,
): readonly Node[] {
  const ordered = new Set<Node>()
  const opened = new Set<Node>()
  const stack = values.map(({ node }) => node).reverse()
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    if (opened.has(node)) {
      stack.pop()
      ordered.add(node)
      continue
    }
    opened.add(node)
    if (stops(node)) continue
    for (const { node: input } of node.inputs) if (!opened.has(input)) stack.push(input)
  }
  return [...ordered]
}

/**
 * Gradients of a scalar loss with respect to values, in their order and of their shapes.
 * Only the part of the graph between them and the loss is walked: what lies below frozen tensors costs nothing.
 * A value that the loss does not depend on is an error.
 */
export function gradients(loss: Value, of: readonly Value[]): readonly Value[] {
  assert(loss.shape.length === 0, `the loss is ${shapeText(loss.shape)}, not a scalar`)
  const nodes = orderedNodes([loss])
  const leading = leadingNodes(nodes, of)
  const collected = new Map<Node, Map<number, Value>>()
  const give = ({ node, output }: Value, gradient: Value): void => {
    const ofNode = collected.get(node) ?? new Map<number, Value>()
    const before = ofNode.get(output)
    ofNode.set(output, before ? g.add(before, gradient) : gradient)
    collected.set(node, ofNode)
  }
  give(loss, g.scalar(1))
  for (const node of nodes.toReversed()) {
    const gradient = collected.get(node)?.get(0)
    if (!gradient || !leading.has(node) || stopsGradient(node.op.kind)) continue
    const outputs = node.outputs.map((type, output) => ({ node, output, ...type }))
    const given = inputGradients(node.op, node, outputs, gradient)
    node.inputs.forEach((input, i) => {
      if (given[i] && leading.has(input.node)) give(input, given[i])
    })
  }
  return of.map((value) => {
    const gradient = collected.get(value.node)?.get(value.output)
    assert(gradient, `the loss does not depend on ${nameOf(value)}, so it has no gradient to train by`)
    return gradient
  })
}

/** Nodes through which a value of `of` reaches the loss. */
function leadingNodes(nodes: readonly Node[], of: readonly Value[]): ReadonlySet<Node> {
  const leading = new Set<Node>(of.map(({ node }) => node))
  for (const node of nodes) {
    if (!stopsGradient(node.op.kind) && node.inputs.some((input) => leading.has(input.node)))
      leading.add(node)
  }
  return leading
}

function nameOf({ node }: Value): string {
  return 'name' in node.op ? node.op.name : `a ${node.op.kind}`
}
