/** JSON texts as trees that keep the order of keys and the letters of numbers, and trees as texts in a given layout. */
import { tryParseJson } from '../../base/json.ts'
import { readJsonString, writeJsonString } from '../json-string.ts'
import type { JsonEscapes } from '../types.ts'
import type { JsonLayout, Leaf } from './field-rendering.ts'

export type JsonTree =
  | Leaf
  | { readonly kind: 'list'; readonly items: readonly JsonTree[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [key: string, value: JsonTree])[] }

/** The tree of a JSON text; `undefined` where it is not JSON or has a key twice in one object. */
export function jsonTree(text: string): JsonTree | undefined {
  if (tryParseJson(text) === undefined) return undefined
  const reader: Reader = { tokens: text.match(token) ?? [], at: 0 }
  const tree = readTree(reader)
  return hasRepeatedKey(tree) ? undefined : tree
}

/** True for `null` and for nothing. */
export function isNothing(tree: JsonTree | undefined): boolean {
  return tree === undefined || (tree.kind === 'bare' && tree.raw === 'null')
}

/** Writes a tree. */
export function writeJson(
  tree: JsonTree,
  options: { readonly layout: JsonLayout; readonly escapes: JsonEscapes },
): string {
  const { layout, escapes } = options
  const quoted = (text: string): string => `"${writeJsonString(text, escapes)}"`
  const write = (node: JsonTree, depth: number): string => {
    if (node.kind === 'string') return quoted(node.text)
    if (node.kind === 'bare') return node.raw
    const [open, close] = node.kind === 'list' ? '[]' : '{}'
    const parts =
      node.kind === 'list'
        ? node.items.map((item) => write(item, depth + 1))
        : node.members.map(([key, value]) => quoted(key) + layout.colon + write(value, depth + 1))
    if (parts.length === 0) return `${open}${close}`
    if (layout.indent === '' || depth >= layout.inlineFrom) {
      const pad = layout.padded ? ' ' : ''
      return open + pad + parts.join(layout.comma) + pad + close
    }
    const line = (steps: number): string => `\n${layout.indent.repeat(steps)}`
    return open + line(depth + 1) + parts.join(`,${line(depth + 1)}`) + line(depth) + close
  }
  return write(tree, 0)
}

const token = /"(?:[^"\\]|\\.)*"|[-+.A-Za-z0-9]+|[{}[\],:]/gs

interface Reader {
  readonly tokens: readonly string[]
  at: number
}

function readTree(reader: Reader): JsonTree {
  const next = reader.tokens[reader.at++]!
  if (next === '[') {
    const items: JsonTree[] = []
    while (reader.tokens[reader.at] !== ']') {
      if (reader.tokens[reader.at] === ',') reader.at++
      items.push(readTree(reader))
    }
    reader.at++
    return { kind: 'list', items }
  }
  if (next === '{') {
    const members: (readonly [string, JsonTree])[] = []
    while (reader.tokens[reader.at] !== '}') {
      if (reader.tokens[reader.at] === ',') reader.at++
      const key = readJsonString(reader.tokens[reader.at]!.slice(1, -1))!
      reader.at += 2
      members.push([key, readTree(reader)])
    }
    reader.at++
    return { kind: 'object', members }
  }
  if (next.startsWith('"')) return { kind: 'string', text: readJsonString(next.slice(1, -1))! }
  return { kind: 'bare', raw: next }
}

function hasRepeatedKey(tree: JsonTree): boolean {
  if (tree.kind === 'list') return tree.items.some(hasRepeatedKey)
  if (tree.kind !== 'object') return false
  const keys = new Set(tree.members.map(([key]) => key))
  return keys.size < tree.members.length || tree.members.some(([, value]) => hasRepeatedKey(value))
}
