/** A piece of a file that is JSON, parsed with errors that say where, and without characters that cannot be kept. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'

/** A text of JSON and where it begins. */
export interface JsonPiece {
  /** 1-based. */
  readonly line: number
  /** 1-based, 1 unless the piece is part of a document. */
  readonly column?: number
  readonly text: string
}

/** Parses a piece that must be one JSON object; spaCy's pair of a text and its annotations counts as one. */
export function parseJsonLine(file: string, piece: JsonPiece): JsonObject {
  const value = parseJson(file, piece)
  const object = asObject(value)
  if (object !== undefined) {
    if (mayHoldBadCharacter.test(piece.text)) refuseBadCharacters(file, piece.line, object)
    return object
  }
  const got = Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 40)
  throw appError('data.json', {
    file,
    line: piece.line,
    column: piece.column ?? 1,
    problem: `got ${got} where a JSON object was expected`,
    hint: 'Write one object like {"text": …, "label": …} for each row.',
  })
}

/** An object as it is, and `["text", {"entities": …}]` as `{"text": "text", "entities": …}`. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  if (isJsonObject(value)) return value
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [text, annotations]: readonly Json[] = value
  return typeof text === 'string' && isJsonObject(annotations) ? { ...annotations, text } : undefined
}

/** 1-based column of the first character with which a text stops being JSON. */
function jsonErrorColumn(text: string, message: string): number {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position) + 1
  if (/Unexpected end/.test(message)) return text.length + 1
  // V8 names the character but not its place: the shortest beginning that is refused for that reason ends with it.
  let [valid, refused] = [0, text.length]
  while (refused - valid > 1) {
    const middle = (valid + refused) >> 1
    if (isRefusedForToken(text.slice(0, middle))) refused = middle
    else valid = middle
  }
  return refused
}

const mayHoldBadCharacter = /\\u(?:d[89a-f]|0000)/i

function parseJson(file: string, piece: JsonPiece): Json {
  try {
    return JSON.parse(piece.text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw appError(
      'data.json',
      {
        file,
        ...placeIn(piece, jsonErrorColumn(piece.text, message)),
        problem: `not JSON (${message.replace(/, ".*" is not valid JSON$/s, '').replace(/ in JSON at.*$/s, '')})`,
        hint: /^[[{]$/.test(piece.text.trim())
          ? 'The file seems to be one document over many lines: say --format json, or write each record on a line of its own.'
          : 'Every row must be one whole JSON object.',
      },
      cause,
    )
  }
}

/** Line and column in the file of the `at`-th character (1-based) of a piece. */
function placeIn(piece: JsonPiece, at: number): { readonly line: number; readonly column: number } {
  const before = piece.text.slice(0, at - 1)
  const lines = before.split('\n').length - 1
  const first = piece.column ?? 1
  return lines === 0
    ? { line: piece.line, column: first + at - 1 }
    : { line: piece.line + lines, column: at - 1 - before.lastIndexOf('\n') }
}

function isRefusedForToken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (cause) {
    return cause instanceof SyntaxError && cause.message.startsWith('Unexpected token')
  }
}

/** Refuses texts of an object that cannot be kept: NUL, halves of characters. */
export function refuseBadCharacters(file: string, line: number, value: Json, path = ''): void {
  if (typeof value === 'string') {
    const problem = badCharacterIn(value)
    if (problem === undefined) return
    throw appError('data.character', { file, line, place: path === '' ? '' : `, "${path}"`, problem })
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    refuseBadCharacters(file, line, key, path)
    refuseBadCharacters(file, line, inner, path === '' ? key : `${path}.${key}`)
  }
}

function badCharacterIn(text: string): string | undefined {
  if (text.includes('\0')) return 'a NUL character (\\u0000), which databases cannot keep'
  const lone = /[\ud800-\udfff]/.test(text) ? /\p{Surrogate}/u.exec(text)?.[0] : undefined
  if (lone === undefined) return undefined
  const hex = lone.charCodeAt(0).toString(16)
  return `half of a character (the lone surrogate \\u${hex}), which no file in UTF-8 can keep; a text was cut in the middle of an emoji or the like`
}
