/** The values of a JSON text with their places in it, which `JSON.parse` does not tell. */
import { tryParseJson } from '../base/json.ts'

/** A string, number, boolean or null inside a JSON text. */
export interface JsonLeaf {
  /** Where it stands: keys and indexes from the root, as a JSON array in text. */
  readonly path: string
  /** UTF-16 offsets into the text, `end` exclusive; of a string, with its quotes. */
  readonly start: number
  readonly end: number
}

/** The leaves of a JSON text in order, or `undefined` where it is not JSON or has a key twice in one object. */
export function jsonLeaves(text: string): readonly JsonLeaf[] | undefined {
  if (tryParseJson(text) === undefined) return undefined
  const leaves: JsonLeaf[] = []
  const path: (string | number)[] = []
  // Of the arrays and objects that are open: whether each is an object whose next string is a key.
  const awaitsKey: boolean[] = []
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = tokenEnd(text, at)
    const sign = text[at]!
    if (sign === '{' || sign === '[') {
      path.push(sign === '[' ? 0 : '')
      awaitsKey.push(sign === '{')
    } else if (sign === '}' || sign === ']') {
      path.pop()
      awaitsKey.pop()
    } else if (sign === ',') {
      const place = path.at(-1)!
      if (typeof place === 'number') path[path.length - 1] = place + 1
      else awaitsKey[awaitsKey.length - 1] = true
    } else if (awaitsKey.at(-1) === true && sign === '"') {
      path[path.length - 1] = String(JSON.parse(text.slice(at, end)))
      awaitsKey[awaitsKey.length - 1] = false
    } else if (!/[\s:]/.test(sign)) leaves.push({ path: JSON.stringify(path), start: at, end })
  }
  const paths = new Set(leaves.map((leaf) => leaf.path))
  return paths.size === leaves.length ? leaves : undefined
}

const word = /[-+.A-Za-z0-9]+/y

/** Where the string, number, word or sign that begins at `at` ends. */
function tokenEnd(text: string, at: number): number {
  if (text[at] === '"') {
    let end = at + 1
    for (; text[end] !== '"'; end++) if (text[end] === '\\') end++
    return end + 1
  }
  word.lastIndex = at
  return word.test(text) ? word.lastIndex : at + 1
}

/** From the first opening to the last closing bracket of an answer: its JSON, without fences or words around it. */
export function jsonBody(text: string): { readonly text: string; readonly start: number } | undefined {
  const start = text.search(/[{[]/)
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1
  return start < 0 || end <= start ? undefined : { text: text.slice(start, end), start }
}
