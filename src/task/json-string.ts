/** The insides of JSON strings, written as a given writer would: Python, PHP, Go and C# escape more than they must. */
import { tryParseJson } from '../base/json.ts'
import type { JsonEscapes } from './types.ts'

/** What `JSON.stringify` does: nothing is escaped without need. */
export const plainEscapes: JsonEscapes = Object.freeze({ nonAscii: 'literal', ascii: '' })

/** An escaped pair of surrogates, another `\u` escape, another escape, or a character as it is. */
const escapeOrSign = /\\u([dD][89abAB]..\\u[dD][c-fC-F]..|....)|\\[^u]|./gsu

/** A text as the inside of a JSON string, without the quotes. */
export function writeJsonString(text: string, escapes: JsonEscapes): string {
  const { ascii, nonAscii } = escapes
  if (nonAscii === 'literal' && ascii === '') return JSON.stringify(text).slice(1, -1)
  const isUpper = nonAscii === 'upper-hex'
  let written = ''
  for (const character of text) {
    if (ascii.includes(character)) written += character === '/' ? '\\/' : hexEscape(character, isUpper)
    else if (character > '~' && nonAscii !== 'literal') {
      for (const unit of character.split('')) written += hexEscape(unit, isUpper)
    } else written += JSON.stringify(character).slice(1, -1)
  }
  return written
}

/** The text of the inside of a JSON string, or `undefined` where it is not one; lone surrogates stay as they are. */
export function readJsonString(inside: string): string | undefined {
  const value = tryParseJson(`"${inside}"`)
  return typeof value === 'string' ? value : undefined
}

/** What the writer of these insides of JSON strings escapes, as far as they show it. */
export function learnEscapes(insides: Iterable<string>): JsonEscapes {
  const ascii = new Set<string>()
  let [literal, lower, upper] = [0, 0, 0]
  for (const inside of insides) {
    for (const [piece, hex] of inside.matchAll(escapeOrSign)) {
      if (piece === '\\/') ascii.add('/')
      else if (hex !== undefined) {
        const character = String(JSON.parse(`"${piece}"`))
        if (isNeedless(character)) ascii.add(character)
        if (/[A-F]/.test(piece)) upper++
        else if (character > '~' && !isLoneSurrogate(character)) lower++
      } else if (piece > '~') literal++
    }
  }
  const signs = [...ascii].sort().join('')
  if (literal > lower + upper || lower + upper === 0) return { nonAscii: 'literal', ascii: signs }
  return { nonAscii: upper > 0 ? 'upper-hex' : 'lower-hex', ascii: signs }
}

/** Every writer escapes these. */
function isLoneSurrogate(character: string): boolean {
  return /^[\ud800-\udfff]$/.test(character)
}

/** Printable ASCII that is no letter or digit; `\` is always written `\\`. */
function isNeedless(character: string): boolean {
  return character >= ' ' && character <= '~' && !/[\\A-Za-z0-9]/.test(character)
}

function hexEscape(unit: string, isUpper: boolean): string {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
  return `\\u${isUpper ? hex.toUpperCase() : hex}`
}
