/** JSON inside texts, as columns of tables and databases hold it. */
import { isJsonObject, type Json, tryParseJson } from '../base/json.ts'

/** The list or object whose JSON a text is; anything else as it is. */
export function jsonWithin(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  return tryParseJson(value) ?? value
}

/**
 * A logged answer: the API's own object where a text holds the JSON of one, else the text, which may itself be JSON.
 * `undefined` where an object is no answer of an API, so that nobody knows how the answer was written.
 */
export function answerWithin(value: Json | undefined): Json | undefined {
  const inner = jsonWithin(value)
  const items: readonly (Json | undefined)[] = Array.isArray(inner) ? inner : [inner]
  if (items.length > 0 && items.every(isAnswer)) return inner
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isAnswer(value: Json | undefined): boolean {
  if (!isJsonObject(value)) return false
  const { choices, error, role, type, content } = value
  if (Array.isArray(choices) || isJsonObject(error)) return true
  if (typeof type === 'string' && (type === 'message' || /^(?:message|content_block)_/.test(type)))
    return true
  return typeof role === 'string' && content !== undefined
}
