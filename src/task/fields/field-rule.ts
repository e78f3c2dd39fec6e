/** From a span's text to a field's value, and back from a value to the places whose text gives exactly it. */
import { amountPlaces, amountRules, writeAmount } from './amounts.ts'
import { currencyCode, currencyPlaces, isCurrencyCode } from './currencies.ts'
import { datePlaces, dateRules, writeDate } from './dates.ts'
import type { CharactersRule, FieldRule, TextRule } from './field-rendering.ts'
import { type Place, wholeMatches } from './place.ts'

/** The text as it stands. */
export const asItStands: TextRule = Object.freeze({ kind: 'text', letters: 'kept', spaces: 'kept' })

/** The value of a span's text; `undefined` where the rule has none for it, or an empty one. */
export function applyRule(rule: FieldRule, text: string): string | undefined {
  switch (rule.kind) {
    case 'text':
      return applyText(rule, text) || undefined
    case 'characters':
      return applyCharacters(rule, text) || undefined
    case 'amount':
      return writeAmount(text, rule)
    case 'date':
      return writeDate(text, rule)
    case 'currency':
      return currencyCode(text)
  }
}

/** Places in a text that give exactly this value, in order, none of them inside a word. */
export function locateValue(rule: FieldRule, text: string, value: string): readonly Place[] {
  if (value.trim() === '') return []
  return placesFor(rule, text, value).filter(
    ({ start, end }) => applyRule(rule, text.slice(start, end)) === value,
  )
}

function placesFor(rule: FieldRule, text: string, value: string): readonly Place[] {
  switch (rule.kind) {
    case 'text':
      return wholeMatches(text, textPattern(rule, value))
    case 'characters':
      return wholeMatches(text, charactersPattern(value))
    case 'amount':
      return amountPlaces(text)
    case 'date':
      return datePlaces(text)
    case 'currency':
      return currencyPlaces(text)
  }
}

/** Whether a text has anything at all that a rule reads: where it has, and gives another value, the rule is contradicted. */
export function hasSource(rule: FieldRule, text: string): boolean {
  switch (rule.kind) {
    case 'text':
    case 'characters':
      return false
    case 'amount':
      return amountPlaces(text).length > 0
    case 'date':
      return datePlaces(text).length > 0
    case 'currency':
      return currencyPlaces(text).length > 0
  }
}

/** Rules to try on the values of a field, simplest first; `bare` values are JSON numbers. */
export function rulesFor(values: readonly string[], form: 'string' | 'bare'): readonly FieldRule[] {
  if (form === 'bare') return amountRules(values)
  const isMostly = (test: (value: string) => boolean): boolean =>
    values.filter(test).length >= 0.9 * values.length
  return [
    ...textRules,
    ...(isMostly((value) => /^\+?\d{4,}$/.test(value)) ? digitRules : []),
    ...(isMostly((value) => /^[\p{L}\p{N}]{6,}$/u.test(value)) ? letterRules : []),
    ...(isMostly((value) => /^-?\d+(?:\.\d+)?$/.test(value)) ? amountRules(values) : []),
    ...dateRules(values),
    ...(isMostly(isCurrencyCode) ? [{ kind: 'currency' } as const] : []),
  ]
}

const textRules: readonly TextRule[] = (['kept', 'one', 'none'] as const).flatMap((spaces) =>
  (['kept', 'upper', 'lower'] as const).map((letters): TextRule => ({ kind: 'text', letters, spaces })),
)
const digitRules: readonly CharactersRule[] = [
  { kind: 'characters', keeps: 'digits' },
  { kind: 'characters', keeps: 'plus-digits' },
]
const letterRules: readonly CharactersRule[] = [{ kind: 'characters', keeps: 'letters-digits' }]

function applyText({ letters, spaces }: TextRule, text: string): string {
  const spaced =
    spaces === 'kept' ? text : spaces === 'one' ? text.trim().replace(/\s+/g, ' ') : text.replace(/\s+/g, '')
  if (letters === 'kept') return spaced
  return letters === 'upper' ? spaced.toUpperCase() : spaced.toLowerCase()
}

function textPattern({ letters, spaces }: TextRule, value: string): RegExp {
  const flags = letters === 'kept' ? 'gu' : 'giu'
  if (spaces === 'kept') return new RegExp(escaped(value), flags)
  if (spaces === 'one') return new RegExp(value.trim().split(/\s+/).map(escaped).join('\\s+'), flags)
  return new RegExp([...value].map(escaped).join('\\s*'), flags)
}

function applyCharacters({ keeps }: CharactersRule, text: string): string {
  if (keeps === 'letters-digits') return text.replace(/[^\p{L}\p{N}]/gu, '')
  const digits = text.replace(/\D/g, '')
  return keeps === 'plus-digits' && /^\s*\+/.test(text) ? `+${digits}` : digits
}

function charactersPattern(value: string): RegExp {
  return new RegExp([...value].map(escaped).join('[^\\p{L}\\p{N}]{0,3}?'), 'gu')
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
