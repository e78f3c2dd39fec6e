/** Masking of bodies: in JSON every string is masked by itself, so that the result is JSON again. */

import { jsonPieces } from './masking/json-strings.ts'
import { maskedText } from './masking.ts'

/**
 * Masks all strings (names too) of a JSON text and leaves every other byte as it is.
 * A long number that is a card's or a telephone's becomes a string. What is not JSON is masked as plain text.
 */
export function maskJsonText(body: string): string {
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

/** A prompt's constant parts come again in every call of a task: strings of these lengths are masked once and remembered. */
const rememberedLength = { least: 200, most: 20_000 }
/** Strings that are remembered; twice as many at most. */
const rememberedCount = 128
let remembered = new Map<string, string>()
let rememberedBefore = new Map<string, string>()

function maskedString(raw: string): string {
  if (raw.length < rememberedLength.least || raw.length > rememberedLength.most) return maskString(raw)
  const known = remembered.get(raw)
  if (known !== undefined) return known
  const masked = rememberedBefore.get(raw) ?? maskString(raw)
  if (remembered.size >= rememberedCount) {
    rememberedBefore = remembered
    remembered = new Map()
  }
  // A slice would hold the whole body in memory; this is a copy.
  const copy = ` ${raw}`.slice(1)
  remembered.set(copy, masked === raw ? copy : masked)
  return masked
}

function maskString(raw: string): string {
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
