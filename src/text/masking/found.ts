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
export function isWord(code: number): boolean {
  return isAlphanumeric(code) || code === 95
}

/**
 * True where something may begin at `at`: no identifier goes on there.
 * Inside JSON that is itself a string, `\n` and `\u4e2d` stand before it as letters and are no identifier.
 */
export function beginsFreely(text: string, at: number): boolean {
  if (at === 0 || !isWord(text.charCodeAt(at - 1))) return true
  return /\\(?:[bfnrt]|u[0-9a-fA-F]{4})$/.test(text.slice(Math.max(0, at - 6), at))
}
