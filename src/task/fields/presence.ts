/** Fields that say whether another field was found, as `"has_phone": true` does. */
import { countTexts } from '../tally.ts'
import type { Leaf } from './field-rendering.ts'
import type { Cell, FieldProblem, Induced } from './induce.ts'

/** Share of the answers that must say what the other field's presence says. */
const agreeing = 0.98

/** The tree with problems replaced by presences where they are such; `found` has for each label the rows that have it. */
export function withPresence(node: Induced, found: ReadonlyMap<string, ReadonlySet<number>>): Induced {
  if (node.kind === 'problem') return presenceOf(node, found) ?? node
  if (node.kind !== 'object') return node
  return {
    ...node,
    members: node.members.map(({ key, node: child }) => ({ key, node: withPresence(child, found) })),
  }
}

function presenceOf(
  { cells }: FieldProblem,
  found: ReadonlyMap<string, ReadonlySet<number>>,
): Induced | undefined {
  const values = [...countTexts(cells.map(textOf))].sort(([, a], [, b]) => b - a).map(([text]) => text)
  if (values.length < 2) return undefined
  for (const [label, rows] of found) {
    for (const [there, not] of [[values[0]!, values[1]!] as const, [values[1]!, values[0]!] as const]) {
      const right = cells.filter((cell) => textOf(cell) === (rows.has(cell.row) ? there : not)).length
      if (right < agreeing * cells.length) continue
      const [foundLeaf, notFound] = [leafOf(cells, there), leafOf(cells, not)]
      if (foundLeaf && notFound) return { kind: 'presence', label, found: foundLeaf, notFound }
    }
  }
  return undefined
}

function textOf({ tree }: Cell): string {
  return JSON.stringify(tree ?? null)
}

function leafOf(cells: readonly Cell[], text: string): Leaf | undefined {
  const tree = cells.find((cell) => textOf(cell) === text)?.tree
  return tree?.kind === 'string' || tree?.kind === 'bare' ? tree : undefined
}
