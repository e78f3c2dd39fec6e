/** Learns the tree of fields from the trees of the answers: what is constant, what stands in the inputs, what is missing how. */
import { holdsPlaceholder } from '../../text/masking.ts'
import { countTexts } from '../tally.ts'
import { chooseRule, type SeenValue } from './choose-rule.ts'
import type { FieldNode, Leaf, Missing } from './field-rendering.ts'
import { locateValue } from './field-rule.ts'
import { induceEntries } from './induce-entries.ts'
import { isNothing, type JsonTree } from './json-tree.ts'

/** What stands at one place of one answer; absent where the member is. */
export interface Cell {
  readonly row: number
  readonly tree?: JsonTree
}

/** A place that cannot be filled from the inputs. */
export interface FieldProblem {
  readonly kind: 'problem'
  readonly field: string
  readonly why: string
  readonly cells: readonly Cell[]
}

/** A tree in which places that are not understood are problems. */
export type Induced =
  | Exclude<FieldNode, { kind: 'object' }>
  | FieldProblem
  | {
      readonly kind: 'object'
      readonly members: readonly { readonly key: string; readonly node: Induced }[]
      readonly missing?: Missing
    }

export interface InduceContext {
  /** Input of each row. */
  readonly texts: readonly string[]
  /** For each label the rows that have a value of it. */
  readonly found: Map<string, Set<number>>
}

/** Members in fewer answers are none of the task's own. */
const rareMember = 0.01
const mostMembers = 100
/** A value in at least this share of the answers is constant; the others count as wrong. */
const constantShare = 0.98

/** The node of the cells of one place. */
export function induce(cells: readonly Cell[], field: string, context: InduceContext): Induced {
  const present = cells.filter(({ tree }) => !isNothing(tree))
  if (present.length === 0) return { kind: 'constant', leaf: { kind: 'bare', raw: 'null' } }
  const kind = mostFrequent(present.map(({ tree }) => kindOf(tree!)))
  const alike = cells.filter(({ tree }) => isNothing(tree) || kindOf(tree!) === kind)
  if (kind === 'object') return induceObject(alike, field, context)
  return kind === 'list' ? induceList(alike, field, context) : induceLeaf(alike, field, context)
}

function kindOf(tree: JsonTree): 'object' | 'list' | 'leaf' {
  return tree.kind === 'object' || tree.kind === 'list' ? tree.kind : 'leaf'
}

/** The most frequent text; there is one. */
function mostFrequent<T extends string>(texts: readonly T[]): T {
  return [...countTexts(texts)].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0] as T
}

function induceObject(cells: readonly Cell[], field: string, context: InduceContext): Induced {
  const objects = cells.flatMap(({ row, tree }) => (tree?.kind === 'object' ? [{ row, tree }] : []))
  const counts = countTexts(objects.flatMap(({ tree }) => tree.members.map(([key]) => key)))
  const fewest = Math.max(2, rareMember * objects.length)
  const keys = [...counts.keys()].filter((key) => counts.get(key)! >= fewest)
  if (keys.length > mostMembers || (keys.length === 0 && counts.size > 0)) {
    return { kind: 'problem', field, why: 'the names of its members are different in every answer', cells }
  }
  const members = inOrder(
    keys,
    objects.map(({ tree }) => tree.members.map(([key]) => key)),
  ).map((key) => {
    const values = objects.map(({ row, tree }): Cell => {
      const value = tree.members.find(([name]) => name === key)?.[1]
      return { row, ...(value && { tree: value }) }
    })
    return { key, node: induce(values, field === '' ? key : `${field}.${key}`, context) }
  })
  const without = cells.filter(({ tree }) => isNothing(tree))
  return { kind: 'object', members, ...(without.length > 0 && { missing: missingOf(without) }) }
}

/** Keys so that each comes after those that stood before it more often than behind it. */
function inOrder(keys: readonly string[], orders: readonly (readonly string[])[]): readonly string[] {
  const place = new Map(keys.map((key, at) => [key, at]))
  const lead = keys.map(() => new Int32Array(keys.length))
  for (const order of orders) {
    const known = order.flatMap((key) => place.get(key) ?? [])
    known.forEach((earlier, at) => {
      for (const later of known.slice(at + 1)) {
        lead[later]![earlier]!++
        lead[earlier]![later]!--
      }
    })
  }
  const before = keys.map((_, at) => lead[at]!.filter((count) => count > 0).length)
  return keys.toSorted((a, b) => before[place.get(a)!]! - before[place.get(b)!]!)
}

function induceList(cells: readonly Cell[], field: string, context: InduceContext): Induced {
  const lists = cells.flatMap(({ row, tree }) => (tree?.kind === 'list' ? [{ row, tree }] : []))
  const empty = cells.filter(({ tree }) => tree?.kind !== 'list' || tree.items.length === 0)
  const missing = empty.length === 0 ? ({ kind: 'never' } as const) : missingOf(empty)
  const items = lists.flatMap(({ row, tree }) => tree.items.map((item) => ({ row, item })))
  const seen = items.flatMap(({ row, item }) =>
    item.kind === 'string' ? [{ row, text: context.texts[row]!, value: item.text }] : [],
  )
  if (items.length > 0 && seen.length < constantShare * items.length) {
    return (
      induceEntries(items, { field, missing, context }) ?? { kind: 'problem', field, why: records, cells }
    )
  }
  const chosen = items.length === 0 ? undefined : chooseRule(seen, 'string')
  if (items.length > 0 && !chosen) return { kind: 'problem', field, why: notInInputs(seen), cells }
  const label = field || 'item'
  context.found.set(label, new Set(seen.map(({ row }) => row)))
  return {
    kind: 'list',
    labels: items.length === 0 ? [] : [{ label, type: label }],
    rule: chosen?.rule ?? { kind: 'text', letters: 'kept', spaces: 'kept' },
    entry: { kind: 'value', form: 'string' },
    distinct: lists.every(
      ({ tree }) => new Set(tree.items.map((item) => JSON.stringify(item))).size === tree.items.length,
    ),
    missing,
  }
}

const records =
  'its entries are not one text each, with a type, offsets and constants at most: records of several fields are not extracted'

function induceLeaf(cells: readonly Cell[], field: string, context: InduceContext): Induced {
  const leaves = cells.flatMap(({ row, tree }) =>
    tree?.kind === 'string' || (tree?.kind === 'bare' && tree.raw !== 'null') ? [{ row, leaf: tree }] : [],
  )
  const constant = constantOf(cells)
  const form = mostFrequent(leaves.map(({ leaf }) => leaf.kind))
  const seen = leaves.flatMap(({ row, leaf }) =>
    leaf.kind === form && !isEmptyWord(leaf)
      ? [{ row, text: context.texts[row]!, value: leaf.kind === 'string' ? leaf.text : leaf.raw }]
      : [],
  )
  const isAlwaysThere = seen.length === cells.length
  const chosen = constant && isAlwaysThere ? undefined : chooseRule(seen, form)
  if (!chosen) {
    if (constant) return { kind: 'constant', leaf: constant }
    return { kind: 'problem', field, why: notInInputs(seen), cells }
  }
  const label = field || 'value'
  const rows = new Set(seen.map(({ row }) => row))
  context.found.set(label, rows)
  const without = cells.filter(({ row }) => !rows.has(row))
  // Zeros and words such as "unknown" that no input has are what stands for a missing value.
  const stands = ({ text, value }: SeenValue): boolean => locateValue(chosen.rule, text, value).length > 0
  const zeros = seen.filter((one) => /^0(?:\.0+)?$/.test(one.value) && !stands(one)).map(({ row }) => row)
  for (const row of zeros) rows.delete(row)
  const unfilled = [...without, ...cells.filter(({ row }) => zeros.includes(row))]
  const missing = unfilled.length === 0 ? ({ kind: 'never' } as const) : missingOf(unfilled)
  return { kind: 'value', label, rule: chosen.rule, form, missing }
}

/** The leaf that nearly all of the answers have. */
function constantOf(cells: readonly Cell[]): Leaf | undefined {
  const written = cells.map(({ tree }) => JSON.stringify(tree ?? null))
  const most = mostFrequent(written)
  const tree = cells[written.indexOf(most)]!.tree
  const share = written.filter((one) => one === most).length / written.length
  // What was masked was different in every call.
  if (holdsPlaceholder(most)) return undefined
  return share >= constantShare && (tree?.kind === 'string' || tree?.kind === 'bare') ? tree : undefined
}

const emptyWord =
  /^(?:|n\.?\/?a\.?|none|null|nil|unknown|missing|-+|not (?:found|given|available|specified|stated|mentioned|present|provided))$/i

function isEmptyWord(leaf: Leaf): boolean {
  return leaf.kind === 'string' && emptyWord.test(leaf.text.trim())
}

/** How most of the answers write that there is nothing. */
function missingOf(cells: readonly Cell[]): Missing {
  const written = cells.map(({ tree }) => JSON.stringify(tree ?? null))
  const tree = cells[written.indexOf(mostFrequent(written))]!.tree
  if (tree === undefined) return { kind: 'omitted' }
  if (tree.kind === 'list') return { kind: 'empty-list' }
  return tree.kind === 'object' ? { kind: 'never' } : { kind: 'written', leaf: tree }
}

/** Why values that stand in too few of their inputs cannot be extracted, with some of them. */
function notInInputs(seen: readonly SeenValue[]): string {
  const counts = [...countTexts(seen.map(({ value }) => value))].sort(([, a], [, b]) => b - a)
  const shown = counts
    .slice(0, 4)
    .map(([value]) => JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value))
    .join(', ')
  const few = counts.length <= 50 && seen.length >= 5 * counts.length
  return few
    ? `its ${counts.length} values (${shown}) are chosen, not found in the input`
    : `its values (such as ${shown}) do not stand in the input, and no rule for case, spaces, digits, numbers, dates or currencies gives them exactly`
}
