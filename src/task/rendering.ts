/** Writes a label as the upstream would have written its answer, and reads it back. */
import { type Json, tryParseJson } from '../base/json.ts'
import { jsonBody } from './json-leaves.ts'
import { plainEscapes, readJsonString, writeJsonString } from './json-string.ts'
import type { LabelRendering } from './types.ts'

/** The answer that says this label. */
export function render(rendering: LabelRendering, label: string): string {
  return rendering.before + written(rendering, label) + rendering.after
}

/** The label of an answer, exactly inverse: `parse(text)` is a label only where its `render` is the very text. */
export function parse(rendering: LabelRendering, text: string): string | undefined {
  const { before, after } = rendering
  const end = text.length - after.length
  if (end < before.length || !text.startsWith(before) || !text.endsWith(after)) return undefined
  const inside = text.slice(before.length, end)
  if (rendering.kind === 'text') return inside
  if (rendering.kind === 'json-value') return tryParseJson(inside) === undefined ? undefined : inside
  const label = readJsonString(inside)
  return label !== undefined && written(rendering, label) === inside ? label : undefined
}

/**
 * The label of an answer that says the same as the rendering would in a slightly other form: space around it, other
 * spacing, key order, escapes or fences of JSON. Inverse to {@link render} for labels without space around them.
 */
export function read(rendering: LabelRendering, text: string): string | undefined {
  if (rendering.kind === 'text') return readText(rendering, text)
  const exact = parse(rendering, text)
  return exact ?? readJson(rendering, text)
}

function written(rendering: LabelRendering, label: string): string {
  return rendering.kind === 'json' ? writeJsonString(label, rendering.escapes ?? plainEscapes) : label
}

function readText({ before, after }: LabelRendering, text: string): string | undefined {
  const trimmed = text.trim()
  const head = before.trimStart()
  const tail = after.trimEnd()
  const end = trimmed.length - tail.length
  if (end <= head.length || !trimmed.startsWith(head) || !trimmed.endsWith(tail)) return undefined
  return trimmed.slice(head.length, end).trim() || undefined
}

/** Reads the answer's one value by a marker that is put in the label's place: all else must be equal as JSON. */
function readJson(rendering: LabelRendering, text: string): string | undefined {
  const marker = '\ue000label\ue000'
  const model = jsonBody(
    render({ ...rendering, kind: 'text' }, rendering.kind === 'json' ? marker : `"${marker}"`),
  )
  const body = jsonBody(text)
  const pattern = model === undefined ? undefined : tryParseJson(model.text)
  const value = body === undefined ? undefined : tryParseJson(body.text)
  if (pattern === undefined || value === undefined) return undefined
  const found = valueAtMarker(pattern, value, marker)
  if (found === undefined) return undefined
  if (rendering.kind === 'json') return typeof found === 'string' ? found : undefined
  return typeof found === 'object' && found !== null ? undefined : JSON.stringify(found)
}

/** What `value` has where `pattern` has the marker, if they are equal in everything else. */
function valueAtMarker(pattern: Json, value: Json, marker: string): Json | undefined {
  let found: Json | undefined
  const matches = (expected: Json, got: Json): boolean => {
    if (expected === marker) {
      found = got
      return true
    }
    if (typeof expected !== 'object' || expected === null || typeof got !== 'object' || got === null) {
      return expected === got
    }
    if (Array.isArray(expected) !== Array.isArray(got)) return false
    const [wanted, have] = [Object.entries(expected), new Map(Object.entries(got))]
    return (
      wanted.length === have.size &&
      wanted.every(([key, item]) => have.has(key) && matches(item, have.get(key)!))
    )
  }
  return matches(pattern, value) ? found : undefined
}
