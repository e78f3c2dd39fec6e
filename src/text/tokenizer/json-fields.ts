/** Reads the fields of a JSON file that somebody else wrote; each mismatch is an error that names the file and the field. */
import { appError } from '../../base/errors.ts'

/** The fields of one object of the file. Without a default a field that is missing or null is an error. */
export interface JsonFields {
  /** The object as it is. */
  readonly value: Readonly<Record<string, unknown>>
  has(name: string): boolean
  string(name: string, otherwise?: string): string
  number(name: string, otherwise?: number): number
  boolean(name: string, otherwise?: boolean): boolean
  object(name: string): JsonFields
  /** The object, or `undefined` where the field is missing or null. */
  optional(name: string): JsonFields | undefined
  list(name: string): readonly unknown[]
  /** The objects of a list. */
  objects(name: string): readonly JsonFields[]
  /** The error that a field has this problem. */
  problem(name: string, problem: string): Error
  /** The error that a field holds something valid that is not read here. */
  unsupported(name: string, supported: readonly string[]): Error
}

/** The fields of `value`, which stands at `path` of `file` (empty for the whole file). */
export function readFields(value: unknown, file: string, path = ''): JsonFields {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const problem = (name: string, text: string): Error =>
    appError('tokenizer.invalid', { file, field: at(name), problem: text })
  if (!isRecord(value))
    throw appError('tokenizer.invalid', {
      file,
      field: path === '' ? 'the file' : path,
      problem: `is ${described(value)} where an object is expected`,
    })
  const record = value
  const isThere = (name: string): boolean => record[name] !== undefined && record[name] !== null

  function required<Type>(
    name: string,
    isRight: (found: unknown) => found is Type,
    expected: string,
    otherwise?: Type,
  ): Type {
    const found = record[name]
    if (otherwise !== undefined && !isThere(name)) return otherwise
    if (isRight(found)) return found
    throw problem(name, `is ${described(found)} where ${expected} is expected`)
  }

  const fields: JsonFields = {
    value: record,
    has: isThere,
    string: (name, otherwise) => required(name, isString, 'a string', otherwise),
    number: (name, otherwise) => required(name, isNumber, 'a number', otherwise),
    boolean: (name, otherwise) => required(name, isBoolean, 'true or false', otherwise),
    object: (name) => readFields(required(name, isRecord, 'an object'), file, at(name)),
    optional: (name) => (isThere(name) ? fields.object(name) : undefined),
    list: (name) => required(name, isList, 'a list'),
    objects: (name) =>
      fields.list(name).map((item, index) => readFields(item, file, at(`${name}[${index}]`))),
    problem,
    unsupported: (name, supported) =>
      appError('tokenizer.unsupported', {
        file,
        field: at(name),
        got: described(record[name]),
        supported: supported.join(', '),
      }),
  }
  return fields
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

/** A short description of a value for an error message. */
export function described(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
