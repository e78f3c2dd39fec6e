/** The values in an answer's tree that spans must give, by the tree of fields. */
import type { EntryRole, FieldNode, FieldRule } from './field-rendering.ts'
import { locateValue } from './field-rule.ts'
import type { JsonTree } from './json-tree.ts'
import type { Place } from './place.ts'
import { offsetIn } from './render-fields.ts'

/** A value that a label's span must give. */
export interface Wanted {
  readonly label: string
  readonly rule: FieldRule
  readonly value: string
  /** Start of the span in the input, where the answer says it. */
  readonly start?: { readonly offset: number; readonly unit: 'utf-16' | 'characters' }
  /** True: all places of the value are spans, since it is written once however often it stands. */
  readonly everywhere: boolean
}

/** What a tree says; parts of it that are written otherwise than the node says are passed over. */
export function collectWanted(node: FieldNode, tree: JsonTree | undefined): readonly Wanted[] {
  if (tree === undefined) return []
  switch (node.kind) {
    case 'constant':
    case 'presence':
      return []
    case 'value': {
      const value = tree.kind === node.form ? leafText(tree) : undefined
      const { missing, label, rule } = node
      const isMissing =
        value === undefined ||
        (missing.kind === 'written' && JSON.stringify(missing.leaf) === JSON.stringify(tree))
      return isMissing ? [] : [{ label, rule, value, everywhere: false }]
    }
    case 'list':
      return tree.kind === 'list' ? tree.items.flatMap((item) => wantedEntry(node, item)) : []
    case 'object': {
      if (tree.kind !== 'object') return []
      const members = new Map(tree.members)
      return node.members.flatMap(({ key, node: child }) => collectWanted(child, members.get(key)))
    }
  }
}

function wantedEntry(node: Extract<FieldNode, { kind: 'list' }>, item: JsonTree): readonly Wanted[] {
  const { entry, rule, labels, distinct } = node
  if (entry.kind === 'value') {
    const [only] = labels
    return only && item.kind === 'string'
      ? [{ label: only.label, rule, value: item.text, everywhere: distinct }]
      : []
  }
  if (item.kind !== 'object') return []
  const members = new Map(item.members)
  const said = (kind: EntryRole['kind']): string | undefined => {
    const key = entry.members.find(({ role }) => role.kind === kind)?.key
    const value = key === undefined ? undefined : members.get(key)
    return value && leafText(value)
  }
  const [value, type, start] = [said('text'), said('type'), said('start')]
  const label = labels.find((one) => type === undefined || one.type === type)?.label
  if (value === undefined || label === undefined) return []
  return [
    {
      label,
      rule,
      value,
      everywhere: distinct,
      ...(start !== undefined && { start: { offset: Number(start), unit: entry.unit } }),
    },
  ]
}

function leafText(tree: JsonTree): string | undefined {
  if (tree.kind === 'string') return tree.text
  return tree.kind === 'bare' ? tree.raw : undefined
}

/** Places of a text that give a wanted value; where the answer says the offset, that one alone. */
export function placesOf(text: string, { rule, value, start }: Wanted): readonly Place[] {
  const places = locateValue(rule, text, value)
  return start === undefined
    ? places
    : places.filter((place) => offsetIn(text, place.start, start.unit) === start.offset)
}
