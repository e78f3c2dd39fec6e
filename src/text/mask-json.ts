/** Masking of bodies: in JSON every string is masked by itself, so that the result is JSON again. */

import { jsonPieces } from './masking/json-strings.ts'
import { triggersOf } from './masking/triggers.ts'
import { maskedText } from './masking.ts'

/**
 * Masks all strings (names too) of a JSON text and leaves every other byte as it is.
 * A long number that is a card's or a telephone's becomes a string. What is not JSON is masked as plain text.
 */
export function maskJsonText(body: string): string {
  if (triggersOf(body) === 0 && !body.includes('\\u')) return body
  if (!isJson(body)) return maskedText(body)
  const parts: string[] = []
  let at = 0
  for (const { kind, start, end } of jsonPieces(body)) {
    const raw = body.slice(start, end)
    const masked = kind === 'string' ? maskedString(raw) : maskedNumber(raw)
    if (masked === raw) continue
    parts.push(body.slice(at, start), masked)
    at = end
  }
  return parts.length === 0 ? body : parts.join('') + body.slice(at)
}

function maskedString(raw: string): string {
  if (!raw.includes('\\')) {
    const inside = raw.slice(1, -1)
    const masked = maskedText(inside)
    return masked === inside ? raw : `"${masked}"`
  }
  const value: string = JSON.parse(raw)
  const masked = maskedText(value)
  return masked === value ? raw : JSON.stringify(masked)
}

function maskedNumber(raw: string): string {
  const masked = maskedText(raw)
  return masked === raw ? raw : JSON.stringify(masked)
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body)
    return true
  } catch {
    return false
  }
}
