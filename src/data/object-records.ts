/** Objects as labelled rows: their scalar members are columns, members of inner objects `outer.inner`. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import { type ObjectAt, type ObjectFile, rowsUntilWrong } from './objects.ts'
import type { Recognition, RecordRow } from './reader.ts'

interface Column {
  readonly name: string
  readonly path: readonly string[]
}

/** The objects of a file as records with the columns that the first of them show; fewer than two make that unlikely. */
export function recordSource(objects: ObjectFile, score: number): Recognition {
  const { file, container, description, first } = objects
  const columns = columnsOf(first.map(({ value }) => value))
  return {
    score: columns.length < 2 ? score / 2 : score,
    source: {
      file,
      format: container,
      yields: 'record',
      description,
      columns: columns.map((column) => column.name),
      preview: rowsUntilWrong(first, (object) => [recordOf(file, object, columns)]),
      read: async function* read(options) {
        for await (const some of objects.read(options))
          yield some.map((object) => recordOf(file, object, columns))
      },
    },
  }
}

/** The value at a path, or at a member whose name is the whole path. */
export function valueAt(object: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = object
  for (const key of path) value = isJsonObject(value) ? value[key] : undefined
  return value
}

function recordOf(file: string, { line, value }: ObjectAt, columns: readonly Column[]): RecordRow {
  const values = columns.map((column) => textOf(file, line, column, valueAt(value, column.path)))
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
