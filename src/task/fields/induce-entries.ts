/** Learns lists of objects that say one span each: its text, its type, its offsets, and constants. */
import { countTexts } from '../tally.ts'
import { chooseRule } from './choose-rule.ts'
import type { EntryMember, EntryRole, FieldNode, Leaf, ListEntry, Missing } from './field-rendering.ts'
import { locateValue } from './field-rule.ts'
import type { InduceContext } from './induce.ts'
import type { JsonTree } from './json-tree.ts'
import { offsetIn } from './render-fields.ts'

export interface ListItem {
  readonly row: number
  readonly item: JsonTree
}

export interface EntriesOptions {
  readonly field: string
  readonly missing: Missing
  readonly context: InduceContext
}

/** Share of the entries that must have the same members, and of the offsets that must be right. */
const alikeShare = 0.95
const mostTypes = 200
/** Entries that offsets are compared in. */
const offsetSample = 500

interface Row {
  readonly row: number
  readonly text: string
  readonly values: readonly Leaf[]
}

/** The list node, or `undefined` where an entry says more than one span, or something else. */
export function induceEntries(items: readonly ListItem[], options: EntriesOptions): FieldNode | undefined {
  const { field, missing, context } = options
  const keys = usualKeys(items)
  const rows = items.flatMap(({ row, item }): Row[] => {
    if (item.kind !== 'object' || JSON.stringify(item.members.map(([key]) => key)) !== JSON.stringify(keys))
      return []
    const values = item.members.map(([, value]) => value)
    return values.every((value): value is Leaf => value.kind === 'string' || value.kind === 'bare')
      ? [{ row, text: context.texts[row]!, values }]
      : []
  })
  if (keys.length === 0 || rows.length < alikeShare * items.length) return undefined
  const columns = keys.map((_, at) => rows.map(({ values }) => values[at]!))
  const textColumn = bestTextColumn(rows, columns)
  if (textColumn === undefined) return undefined
  const { at: textAt, rule } = textColumn
  const others = keys.map((_, at) => at).filter((at) => at !== textAt)
  const typeAt = others.find((at) => isType(columns[at]!))
  const unit = unitOf(rows, others, columns)
  const members: EntryMember[] = []
  for (const at of keys.keys()) {
    const role: EntryRole | undefined =
      at === textAt ? { kind: 'text' } : at === typeAt ? { kind: 'type' } : roleOf(columns[at]!, rows, unit)
    if (role === undefined) return undefined
    members.push({ key: keys[at]!, role })
  }
  const types = typeAt === undefined ? [''] : [...new Set(columns[typeAt]!.map(textOf))].sort()
  const labels = types.map((type) => ({ type, label: freeLabel(type || field || 'item', options) }))
  for (const { type, label } of labels) {
    const having = rows.filter(({ values }) => typeAt === undefined || textOf(values[typeAt]!) === type)
    context.found.set(label, new Set(having.map(({ row }) => row)))
  }
  const hasOffsets = members.some(({ role }) => role.kind === 'start' || role.kind === 'end')
  return {
    kind: 'list',
    labels,
    rule,
    entry: { kind: 'object', members, unit },
    distinct: !hasOffsets && areDistinct(items),
    missing,
  } satisfies FieldNode & { entry: ListEntry }
}

/** The type itself, unless another list has a type of that name. */
function freeLabel(label: string, { field, context }: EntriesOptions): string {
  return context.found.has(label) ? `${field}.${label}` : label
}

function usualKeys(items: readonly ListItem[]): readonly string[] {
  const shapes = items.map(({ item }) =>
    item.kind === 'object' ? JSON.stringify(item.members.map(([key]) => key)) : '[]',
  )
  const most = [...countTexts(shapes)].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
  return JSON.parse(most)
}

/** The column of strings that stand in the inputs, with the most different values; two such columns are a record. */
function bestTextColumn(rows: readonly Row[], columns: readonly (readonly Leaf[])[]) {
  const found = columns.flatMap((column, at) => {
    if (!column.every(({ kind }) => kind === 'string')) return []
    const chosen = chooseRule(
      column.map((leaf, index) => ({ text: rows[index]!.text, value: textOf(leaf) })),
      'string',
    )
    return chosen
      ? [{ at, rule: chosen.rule, share: chosen.share, values: new Set(column.map(textOf)).size }]
      : []
  })
  const [first, second] = found.toSorted((a, b) => b.values - a.values)
  const isRecord = second !== undefined && second.share >= alikeShare
  return isRecord ? undefined : first
}

function isType(column: readonly Leaf[]): boolean {
  const values = new Set(column.map(textOf))
  const isClosed = values.size <= mostTypes && column.length >= 3 * values.size
  return isClosed && values.size > 1 && column.every(({ kind }) => kind === 'string')
}

function roleOf(
  column: readonly Leaf[],
  rows: readonly Row[],
  unit: 'utf-16' | 'characters',
): EntryRole | undefined {
  if (new Set(column.map((leaf) => JSON.stringify(leaf))).size === 1)
    return { kind: 'constant', leaf: column[0]! }
  if (
    !column.every(({ kind, ...leaf }) => kind === 'bare' && /^\d+$/.test(textOf({ kind, ...leaf } as Leaf)))
  )
    return undefined
  const roles: readonly EntryRole[] = [
    { kind: 'start' },
    { kind: 'end', is: 'after' },
    { kind: 'end', is: 'last' },
  ]
  return roles.find((role) => rightOffsets(column, rows, { role, unit }) >= alikeShare)
}

/** Share of a column's numbers that are offsets of a place where one of the row's strings stands. */
function rightOffsets(
  column: readonly Leaf[],
  rows: readonly Row[],
  { role, unit }: { readonly role: EntryRole; readonly unit: 'utf-16' | 'characters' },
): number {
  const sample = column.slice(0, offsetSample)
  const right = sample.filter((leaf, index) => {
    const { text, values } = rows[index]!
    const offset = Number(textOf(leaf))
    return values.some(
      (value) =>
        value.kind === 'string' &&
        locateValue({ kind: 'text', letters: 'kept', spaces: 'kept' }, text, value.text).some(
          ({ start, end }) => {
            if (role.kind === 'start') return offsetIn(text, start, unit) === offset
            const shift = role.kind === 'end' && role.is === 'last' ? 1 : 0
            return offsetIn(text, end, unit) - shift === offset
          },
        ),
    )
  })
  return right.length / Math.max(1, sample.length)
}

/** UTF-16 units where the numbers fit them better; the two differ only beyond the basic plane. */
function unitOf(
  rows: readonly Row[],
  others: readonly number[],
  columns: readonly (readonly Leaf[])[],
): 'utf-16' | 'characters' {
  const share = (unit: 'utf-16' | 'characters'): number =>
    Math.max(0, ...others.map((at) => rightOffsets(columns[at]!, rows, { role: { kind: 'start' }, unit })))
  return share('utf-16') > share('characters') ? 'utf-16' : 'characters'
}

function areDistinct(items: readonly ListItem[]): boolean {
  const seen = new Set<string>()
  return items.every(({ row, item }) => {
    const key = `${row} ${JSON.stringify(item)}`
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

function textOf(leaf: Leaf): string {
  return leaf.kind === 'string' ? leaf.text : leaf.raw
}
