/** Writes the spans found in a text as the upstream would have written its answer. */
import type { Span } from '../types.ts'
import { writeBody } from './body.ts'
import type { EntryMember, FieldNode, FieldRendering, Leaf, ListEntry, Missing } from './field-rendering.ts'
import { applyRule } from './field-rule.ts'
import type { JsonTree } from './json-tree.ts'

/**
 * The answer that says these spans of this text; `undefined` where they give none: a span's text is not what its field's
 * rule reads, or a field is missing that was never missing in the answers that were learned from.
 */
export function renderFields(
  rendering: FieldRendering,
  text: string,
  spans: readonly Span[],
): string | undefined {
  const inOrder = spans.toSorted(inTextOrder)
  const tree = build(rendering.root, { text, spans: inOrder })
  if (tree === undefined) return undefined
  return writeBody(rendering, tree === 'omitted' ? { kind: 'string', text: '' } : tree)
}

/** Compares spans by where they stand. */
export function inTextOrder(a: Span, b: Span): number {
  return a.start - b.start || a.end - b.end
}

/** The labels of the spans that fill a node. */
export function labelsOf(node: FieldNode): readonly string[] {
  switch (node.kind) {
    case 'constant':
    case 'presence':
      return []
    case 'value':
      return [node.label]
    case 'list':
      return node.labels.map(({ label }) => label)
    case 'object':
      return node.members.flatMap((member) => labelsOf(member.node))
  }
}

interface Found {
  readonly text: string
  readonly spans: readonly Span[]
}

/** A tree, nothing to write, or nothing that can be written. */
type Built = JsonTree | 'omitted' | undefined

function build(node: FieldNode, found: Found): Built {
  switch (node.kind) {
    case 'constant':
      return node.leaf
    case 'presence':
      return found.spans.some(({ label }) => label === node.label) ? node.found : node.notFound
    case 'value': {
      const span = found.spans.find(({ label }) => label === node.label)
      if (span === undefined) return missing(node.missing)
      const value = applyRule(node.rule, span.text)
      return value === undefined ? undefined : leafOf(value, node.form)
    }
    case 'list':
      return buildList(node, found)
    case 'object':
      return buildObject(node, found)
  }
}

function buildObject(node: Extract<FieldNode, { kind: 'object' }>, found: Found): Built {
  if (node.missing !== undefined) {
    const labels = new Set(labelsOf(node))
    if (!found.spans.some(({ label }) => labels.has(label ?? ''))) return missing(node.missing)
  }
  const members: (readonly [string, JsonTree])[] = []
  for (const { key, node: child } of node.members) {
    const built = build(child, found)
    if (built === undefined) return undefined
    if (built !== 'omitted') members.push([key, built])
  }
  return { kind: 'object', members }
}

function buildList(node: Extract<FieldNode, { kind: 'list' }>, found: Found): Built {
  const types = new Map(node.labels.map(({ label, type }) => [label, type]))
  const items: JsonTree[] = []
  const written = new Set<string>()
  for (const span of found.spans) {
    const type = types.get(span.label ?? '')
    if (type === undefined) continue
    const value = applyRule(node.rule, span.text)
    if (value === undefined) return undefined
    const key = JSON.stringify([type, value])
    if (node.distinct && written.has(key)) continue
    written.add(key)
    items.push(entryOf(node.entry, { value, type, span, text: found.text }))
  }
  return items.length === 0 ? missing(node.missing) : { kind: 'list', items }
}

function missing(how: Missing): Built {
  switch (how.kind) {
    case 'omitted':
      return 'omitted'
    case 'written':
      return how.leaf
    case 'empty-list':
      return { kind: 'list', items: [] }
    case 'never':
      return undefined
  }
}

interface Entry {
  readonly value: string
  readonly type: string
  readonly span: Span
  readonly text: string
}

function entryOf(entry: ListEntry, said: Entry): JsonTree {
  if (entry.kind === 'value') return leafOf(said.value, entry.form)
  const member = ({ key, role }: EntryMember): readonly [string, Leaf] => {
    switch (role.kind) {
      case 'text':
        return [key, leafOf(said.value, 'string')]
      case 'type':
        return [key, leafOf(said.type, 'string')]
      case 'start':
        return [key, leafOf(String(offsetIn(said.text, said.span.start, entry.unit)), 'bare')]
      case 'end': {
        const end = offsetIn(said.text, said.span.end, entry.unit)
        return [key, leafOf(String(role.is === 'last' ? end - 1 : end), 'bare')]
      }
      case 'constant':
        return [key, role.leaf]
    }
  }
  return { kind: 'object', members: entry.members.map(member) }
}

/** An offset in UTF-16 units as the answers count. */
export function offsetIn(text: string, offset: number, unit: 'utf-16' | 'characters'): number {
  return unit === 'utf-16' ? offset : [...text.slice(0, offset)].length
}

function leafOf(value: string, form: Leaf['kind']): Leaf {
  return form === 'string' ? { kind: 'string', text: value } : { kind: 'bare', raw: value }
}
