/**
 * The shapes in which annotation tools write a text with its spans, read as one:
 * Prodigy and spaCy (`spans`, `entities`; https://spacy.io/api/data-formats), doccano (`label` or `entities` with
 * `start_offset`, https://doccano.github.io/doccano/), Label Studio (`annotations[].result[].value`, and JSON_MIN;
 * https://labelstud.io/guide/export), as of November 2026.
 */
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { RawSpan } from './locate-spans.ts'
import { valueAt } from './object-records.ts'

/** A text and its spans; the text or the spans absent where the row has none. */
export interface SpanRecord {
  readonly text?: string
  readonly spans?: readonly RawSpan[]
  readonly name?: string
  /** Where something that should be a span is none. */
  readonly wrong?: string
}

/** Members to read; what is absent is recognised. */
export interface SpanMembers {
  readonly input?: string
  readonly output?: string
}

const textNames = ['text', 'content', 'sentence', 'document', 'input', 'body']
const spanNames = ['spans', 'entities', 'label', 'labels', 'annotations', 'ner', 'ents', 'output']
const startNames = ['start', 'start_offset', 'begin', 'from', 'offset_start']
const endNames = ['end', 'end_offset', 'stop', 'to', 'offset_end']
const labelNames = ['label', 'labels', 'type', 'tag', 'entity', 'entity_type', 'category', 'class']
const quotedNames = ['text', 'value', 'quote', 'word', 'mention', 'surface']

/** A row's text and spans. */
export function spanRecord(object: JsonObject, members: SpanMembers): SpanRecord {
  const studio = labelStudioTask(object)
  const body = studio ?? object
  const text = textOf(body, members.input)
  const name = nameOf(object)
  const found =
    studio === undefined ? spanList(object, members.output) : { path: 'result', list: studioSpans(object) }
  const common = { ...(text !== undefined && { text }), ...(name !== undefined && { name }) }
  if (found === undefined) return common
  const spans: RawSpan[] = []
  for (const [at, item] of found.list.entries()) {
    const place = `${found.path}[${at}]`
    const span = rawSpan(item, place)
    if (span === undefined) return { ...common, wrong: place }
    spans.push(span)
  }
  return { ...common, spans }
}

/** True where a row has at least one span in a known shape. */
export function hasSpans(object: JsonObject, members: SpanMembers): boolean {
  const { text, spans } = spanRecord(object, members)
  return text !== undefined && spans !== undefined && spans.length > 0
}

function textOf(object: JsonObject, said: string | undefined): string | undefined {
  if (said !== undefined) {
    const value = object[said] ?? valueAt(object, said.split('.'))
    return typeof value === 'string' ? value : undefined
  }
  for (const name of textNames) if (typeof object[name] === 'string') return object[name]
  return undefined
}

function spanList(
  object: JsonObject,
  said: string | undefined,
): { readonly path: string; readonly list: readonly Json[] } | undefined {
  if (said !== undefined) {
    const value = object[said] ?? valueAt(object, said.split('.'))
    return Array.isArray(value) ? { path: said, list: value } : undefined
  }
  const lists = spanNames.flatMap((path) => {
    const list: Json | undefined = object[path]
    return Array.isArray(list) ? [{ path, list: list as readonly Json[] }] : []
  })
  // An empty list is a text without spans, unless another list has some.
  return lists.find(({ list }) => list.some((item) => rawSpan(item, '') !== undefined)) ?? lists[0]
}

function rawSpan(item: Json, place: string): RawSpan | undefined {
  if (Array.isArray(item)) {
    const [start, end, label]: readonly Json[] = item
    if (typeof start !== 'number' || typeof end !== 'number' || typeof label !== 'string') return undefined
    return { start, end, label, place }
  }
  if (!isJsonObject(item)) return undefined
  const start = firstOf(item, startNames)
  const end = firstOf(item, endNames)
  const label = labelOf(firstOf(item, labelNames))
  if (typeof start !== 'number' || typeof end !== 'number' || label === undefined) return undefined
  const quoted = firstOf(item, quotedNames)
  return { start, end, label, ...(typeof quoted === 'string' && { quoted }), place }
}

function labelOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  if (!Array.isArray(value) || value.length !== 1) return undefined
  return labelOf(value[0])
}

function firstOf(object: JsonObject, names: readonly string[]): Json | undefined {
  for (const name of names) if (object[name] !== undefined && object[name] !== null) return object[name]
  return undefined
}

function nameOf(object: JsonObject): string | undefined {
  const id = object['id'] ?? object['_id'] ?? object['meta_id']
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

/** The data of a task of Label Studio's full export, with one text. */
function labelStudioTask(object: JsonObject): JsonObject | undefined {
  const { data, annotations } = object
  return isJsonObject(data) && Array.isArray(annotations) ? data : undefined
}

/** The spans of the first annotation that was not cancelled; relations and choices are none. */
function studioSpans(object: JsonObject): readonly Json[] {
  const annotations: readonly Json[] = Array.isArray(object['annotations']) ? object['annotations'] : []
  const done = annotations.find(
    (annotation) => isJsonObject(annotation) && annotation['was_cancelled'] !== true,
  )
  const results: Json | undefined = isJsonObject(done) ? done['result'] : undefined
  if (!Array.isArray(results)) return []
  return results.flatMap((result: Json): readonly Json[] =>
    isJsonObject(result) && result['type'] === 'labels' && isJsonObject(result['value'])
      ? [result['value']]
      : [],
  )
}
