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

const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g

/** The leaves of a JSON text in order, or `undefined` where it is not JSON or has a key twice in one object. */
export function jsonLeaves(text: string): readonly JsonLeaf[] | undefined {
  if (tryParseJson(text) === undefined) return undefined
  const leaves: JsonLeaf[] = []
  const path: (string | number)[] = []
  const opened: string[] = []
  let key: string | undefined
  for (const match of text.matchAll(token)) {
    const sign = match[0]
    const inObject = opened.at(-1) === '{'
    if (sign === '{' || sign === '[') {
      opened.push(sign)
      path.push(sign === '[' ? 0 : '')
    } else if (sign === '}' || sign === ']') {
      opened.pop()
      path.pop()
      key = undefined
    } else if (sign === ',') {
      key = undefined
      if (!inObject) path.push(Number(path.pop()) + 1)
    } else if (sign !== ':') {
      if (inObject && key === undefined) {
        key = String(JSON.parse(sign))
        path[path.length - 1] = key
      } else leaves.push({ path: JSON.stringify(path), start: match.index, end: match.index + sign.length })
    }
  }
  const paths = new Set(leaves.map((leaf) => leaf.path))
  return paths.size === leaves.length ? leaves : undefined
}

/** From the first opening to the last closing bracket of an answer: its JSON, without fences or words around it. */
export function jsonBody(text: string): { readonly text: string; readonly start: number } | undefined {
  const start = text.search(/[{[]/)
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1
  return start < 0 || end <= start ? undefined : { text: text.slice(start, end), start }
}
