/** What the finders of personal data share: the kinds, what was found, and tests of single characters. */

export type PersonalKind = 'EMAIL' | 'PHONE' | 'CARD' | 'IBAN' | 'SECRET' | 'IP'

/** A piece of a text: UTF-16 offsets, `end` exclusive. */
export interface Found {
  readonly kind: PersonalKind
  readonly start: number
  readonly end: number
}

/** ASCII digit. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** ASCII letter or digit. */
export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

/** ASCII letter, digit or underscore: what a word of code or an identifier goes on with. */
function isWord(code: number): boolean {
  return isAlphanumeric(code) || code === 95
}

/** A placeholder at the end, and one at the start. */
const placeholderEnd = /\[(?:EMAIL|PHONE|CARD|IBAN|SECRET|IP)\]$/
const placeholderStart = /^\[(?:EMAIL|PHONE|CARD|IBAN|SECRET|IP)\]/
const longestPlaceholder = 8

/**
 * True where something may begin at `at`: no identifier goes on there, and no placeholder ends there, since what was
 * masked did not free what stood beside it.
 * Inside JSON that is itself a string, `\n` and `\u4e2d` stand before it as letters and are no identifier.
 */
export function beginsFreely(text: string, at: number): boolean {
  if (at === 0) return true
  const before = text.charCodeAt(at - 1)
  if (before === 93) return !placeholderBefore(text, at)
  if (!isWord(before)) return true
  return /\\(?:[bfnrt]|u[0-9a-fA-F]{4})$/.test(text.slice(Math.max(0, at - 6), at))
}

/** True where something may end at `at`: no identifier goes on there and no placeholder begins. */
export function endsFreely(text: string, at: number): boolean {
  if (at >= text.length) return true
  return !isWord(text.charCodeAt(at)) && !placeholderAt(text, at)
}

/** True where a number goes on after one of the marks at `at`, or something masked does. */
export function goesOn(text: string, at: number, marks: string): boolean {
  if (at >= text.length || !marks.includes(text[at]!)) return false
  return isDigit(text.charCodeAt(at + 1)) || placeholderAt(text, at + 1)
}

/** True where an identifier, or something masked, ends right before the mark at `at - 1`. */
export function followsMark(text: string, at: number, marks: string): boolean {
  if (at < 2 || !marks.includes(text[at - 1]!)) return false
  return isWord(text.charCodeAt(at - 2)) || placeholderBefore(text, at - 1)
}

function placeholderBefore(text: string, at: number): boolean {
  return text[at - 1] === ']' && placeholderEnd.test(text.slice(Math.max(0, at - longestPlaceholder), at))
}

function placeholderAt(text: string, at: number): boolean {
  return text[at] === '[' && placeholderStart.test(text.slice(at, at + longestPlaceholder))
}
