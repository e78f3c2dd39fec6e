/** How much memory a graph's values need while it runs, from their shapes: each lives from its node to the last that uses it. */
import { type AxisSizes, dimSize } from '../../graph/dim.ts'
import type { Node, OpName, TensorType, Value } from '../../graph/value.ts'

const elementBytes: { readonly [K in TensorType['dtype']]: number } = { float32: 4, int32: 4, bool: 1 }

/** Operations whose output is their input under another shape: it takes no memory of its own. */
const aliases: ReadonlySet<OpName> = new Set(['reshape', 'stopGradient'])

/** What is there before the graph runs and is counted elsewhere. */
const leaves: ReadonlySet<OpName> = new Set(['input', 'parameter', 'constant'])

/**
 * Bytes of the most that is alive at once while the roots are computed, one node after another in the order of a
 * depth-first walk; the roots themselves, inputs, parameters and constants are not counted.
 */
export function activationBytes(roots: readonly Value[], axes: AxisSizes): number {
  const order = inOrder(roots)
  const sizes = new Map(order.map((node) => [node, ownBytes(node, axes)]))
  for (const root of roots) sizes.set(root.node, 0)
  const uses = new Map<Node, number>()
  const count = (node: Node): void => void uses.set(node, (uses.get(node) ?? 0) + 1)
  for (const node of order) for (const { node: input } of node.inputs) count(input)
  for (const root of roots) count(root.node)
  let [live, peak] = [0, 0]
  const release = (node: Node): void => {
    const left = uses.get(node)! - 1
    uses.set(node, left)
    if (left > 0) return
    live -= sizes.get(node)!
    if (aliases.has(node.op.kind)) for (const { node: input } of node.inputs) release(input)
  }
  for (const node of order) {
    live += sizes.get(node)!
    peak = Math.max(peak, live)
    // What an alias stands for is held by the alias, until that is released.
    if (!aliases.has(node.op.kind)) for (const { node: input } of node.inputs) release(input)
  }
  return peak
}

/** Nodes after all that they take. */
function inOrder(roots: readonly Value[]): readonly Node[] {
  const order: Node[] = []
  const state = new Map<Node, 'open' | 'done'>()
  const stack: Node[] = roots.map(({ node }) => node).reverse()
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const known = state.get(node)
    if (known !== undefined) {
      if (known === 'open') order.push(node)
      state.set(node, 'done')
      stack.pop()
      continue
    }
    state.set(node, 'open')
    for (const { node: input } of [...node.inputs].reverse()) if (!state.has(input)) stack.push(input)
  }
  return order
}

function ownBytes({ op, outputs }: Node, axes: AxisSizes): number {
  if (leaves.has(op.kind) || aliases.has(op.kind)) return 0
  return outputs.reduce(
    (sum, { shape, dtype }) =>
      sum + elementBytes[dtype] * shape.reduce<number>((size, dim) => size * dimSize(dim, axes), 1),
    0,
  )
}
