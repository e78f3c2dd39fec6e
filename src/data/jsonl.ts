/** JSONL: a JSON object a line, its scalar members as columns, members of inner objects as `outer.inner`. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject, tryParseJson } from '../base/json.ts'
import type { FileSample, ReadOptions } from './file-text.ts'
import { oneArrayHint, parseJsonLine } from './json-line.ts'
import { firstLines, readLines } from './lines.ts'
import { type FormatReader, previewRows, type Recognition, type RecordRow } from './reader.ts'

interface Column {
  readonly name: string
  readonly path: readonly string[]
}

export const jsonlReader: FormatReader = Object.freeze({
  format: 'jsonl',
  yields: 'record',
  recognise: (sample: FileSample): Recognition | undefined => {
    const { file } = sample
    if (!looksLikeJsonLines(sample)) return undefined
    const objects = firstLines(sample, previewRows).map((line) => ({
      line: line.line,
      value: tryParseJson(line.text),
    }))
    const [first] = firstLines(sample, 1)
    // A first line that is no object is refused here: without it there are no columns to choose from.
    if (first !== undefined) parseJsonLine(file, first)
    const columns = columnsOf(objects.map((object) => object.value).filter(isJsonObject))
    const preview = objects.flatMap(({ line, value }) =>
      isJsonObject(value) ? [recordOf(file, line, value, columns)] : [],
    )
    return {
      score: 0.9,
      source: {
        file,
        format: 'jsonl',
        yields: 'record',
        description: 'a JSON object on each line',
        columns: columns.map((column) => column.name),
        preview,
        read: (options) => readObjects(file, columns, options),
      },
    }
  },
})

/** True where the first line is, or begins like, a JSON object; a file that is one array is refused with what to do. */
export function looksLikeJsonLines(sample: FileSample): boolean {
  const start = sample.text.trimStart()
  if (/^\[\s*[[{]/.test(start)) {
    const problem = `it is one JSON array. ${oneArrayHint}`
    throw appError('data.format-unknown', {
      file: sample.file,
      problem,
      formats: 'csv, tsv, jsonl, openai-log',
    })
  }
  return start.startsWith('{') || /\.(jsonl|ndjson)$/i.test(sample.file)
}

async function* readObjects(
  file: string,
  columns: readonly Column[],
  options?: ReadOptions,
): AsyncIterable<readonly RecordRow[]> {
  for await (const lines of readLines(file, options))
    yield lines.map((line) => recordOf(file, line.line, parseJsonLine(file, line), columns))
}

function recordOf(file: string, line: number, object: JsonObject, columns: readonly Column[]): RecordRow {
  const values = columns.map((column) => textOf(file, line, column, valueAt(object, column.path)))
  return { kind: 'record', line, values }
}

function textOf(file: string, line: number, column: Column, value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  const got = Array.isArray(value) ? 'a list' : 'an object'
  const problem = `"${column.name}" holds ${got} where other rows hold a text`
  throw appError('data.json', { file, line, column: 1, problem, hint: 'Write a text there.' })
}

function columnsOf(objects: readonly JsonObject[]): readonly Column[] {
  const columns = new Map<string, Column>()
  const visit = (object: JsonObject, path: readonly string[]): void => {
    for (const [key, value] of Object.entries(object)) {
      const inner = [...path, key]
      const name = inner.join('.')
      if (isJsonObject(value)) visit(value, inner)
      else if (!Array.isArray(value) && value !== null && !columns.has(name))
        columns.set(name, { name, path: inner })
    }
  }
  for (const object of objects) visit(object, [])
  return [...columns.values()]
}

function valueAt(object: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = object
  for (const key of path) value = isJsonObject(value) ? value[key] : undefined
  return value
}
