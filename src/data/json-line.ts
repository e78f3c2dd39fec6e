/** One line of JSON, parsed with errors that say where, and without characters that cannot be kept. */
import { appError } from '../base/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts'
import type { Line } from './lines.ts'

/** Parses a line that must be one JSON object. */
export function parseJsonLine(file: string, line: Line): JsonObject {
  const value = parseJson(file, line)
  if (isJsonObject(value)) {
    if (mayHoldBadCharacter.test(line.text)) refuseBadCharacters(file, line, value)
    return value
  }
  const got = Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 40)
  throw appError('data.json', {
    file,
    line: line.line,
    column: 1,
    problem: `got ${got} where a JSON object was expected`,
    hint: Array.isArray(value) ? oneArrayHint : 'Write one object like {"text": …, "label": …} on each line.',
  })
}

/** What to do with a file that is one JSON array. */
export const oneArrayHint = "Write each of its objects on a line of its own, for example with jq -c '.[]'."

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

function parseJson(file: string, line: Line): Json {
  try {
    return JSON.parse(line.text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw appError(
      'data.json',
      {
        file,
        line: line.line,
        column: jsonErrorColumn(line.text, message),
        problem: `not JSON (${message.replace(/, ".*" is not valid JSON$/s, '').replace(/ in JSON at.*$/s, '')})`,
        hint: /^[[{]$/.test(line.text.trim())
          ? 'The file seems to be one document over many lines: write each record on a line of its own.'
          : 'Every line must hold one whole JSON object.',
      },
      cause,
    )
  }
}

function isRefusedForToken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (cause) {
    return cause instanceof SyntaxError && cause.message.startsWith('Unexpected token')
  }
}

function refuseBadCharacters(file: string, line: Line, value: Json, path = ''): void {
  if (typeof value === 'string') {
    const problem = badCharacterIn(value)
    if (problem === undefined) return
    throw appError('data.character', {
      file,
      line: line.line,
      place: path === '' ? '' : `, "${path}"`,
      problem,
    })
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    refuseBadCharacters(file, line, key, path)
    refuseBadCharacters(file, line, inner, path === '' ? key : `${path}.${key}`)
  }
}

function badCharacterIn(text: string): string | undefined {
  if (text.includes('\0')) return 'a NUL character (\\u0000), which databases cannot keep'
  const lone = /\p{Surrogate}/u.exec(text)?.[0]
  if (lone === undefined) return undefined
  const hex = lone.charCodeAt(0).toString(16)
  return `half of a character (the lone surrogate \\u${hex}), which no file in UTF-8 can keep; a text was cut in the middle of an emoji or the like`
}
