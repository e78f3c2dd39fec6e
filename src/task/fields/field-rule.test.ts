import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountPlaces } from './amounts.ts'
import { datePlaces } from './dates.ts'
import type { FieldRule } from './field-rendering.ts'
import { applyRule, locateValue, rulesFor } from './field-rule.ts'

const amount = (decimal: 'point' | 'comma' | 'either', written: object = { kind: 'shortest' }): FieldRule =>
  ({ kind: 'amount', decimal, written }) as FieldRule
const date = (order: 'day-first' | 'month-first', pattern = 'yyyy-MM-dd'): FieldRule => ({
  kind: 'date',
  order,
  pattern,
})
const text = (letters: 'kept' | 'upper' | 'lower', spaces: 'kept' | 'one' | 'none'): FieldRule => ({
  kind: 'text',
  letters,
  spaces,
})

describe('a span’s text becomes the value', () => {
  const cases: readonly (readonly [FieldRule, string, string | undefined])[] = [
    [text('kept', 'kept'), 'A  b', 'A  b'],
    [text('upper', 'one'), 'new\n  York', 'NEW YORK'],
    [text('lower', 'none'), 'DE 12 34', 'de1234'],
    [{ kind: 'characters', keeps: 'digits' }, '+1 (555) 123-4567', '15551234567'],
    [{ kind: 'characters', keeps: 'plus-digits' }, '+1 (555) 123-4567', '+15551234567'],
    [{ kind: 'characters', keeps: 'letters-digits' }, 'DE89 3704-0044', 'DE8937040044'],
    [{ kind: 'characters', keeps: 'digits' }, '[PHONE]', undefined],
    [amount('point'), '1,234.50', '1234.5'],
    [amount('comma'), '1.234,50', '1234.5'],
    [amount('either'), '1’234.50', '1234.5'],
    [amount('either'), '1.234.567', '1234567'],
    [amount('either'), '12,5', '12.5'],
    [amount('point', { kind: 'fixed', decimals: 2 }), '12', '12.00'],
    [amount('point', { kind: 'fixed', decimals: 1 }), '12.25', undefined],
    [amount('point', { kind: 'float' }), '1,200', '1200.0'],
    [amount('point'), '-0.00', '0'],
    [amount('point'), '007', '7'],
    [amount('point'), 'twelve', undefined],
    [amount('point'), '1.234,50', undefined],
    [date('day-first'), '03/04/2024', '2024-04-03'],
    [date('month-first'), '03/04/2024', '2024-03-04'],
    [date('day-first'), '31.12.99', '1999-12-31'],
    [date('day-first'), '12th of March 2024', '2024-03-12'],
    [date('day-first'), 'Sept 5, 2023', '2023-09-05'],
    [date('day-first'), '5. März 2023', '2023-03-05'],
    [date('day-first'), '2024年3月12日', '2024-03-12'],
    [date('day-first', 'd MMMM yyyy'), '2024-03-02', '2 March 2024'],
    [date('day-first'), '30/02/2024', undefined],
    [date('day-first'), '12 Smarch 2024', undefined],
    [{ kind: 'currency' }, '€', 'EUR'],
    [{ kind: 'currency' }, 'US$', 'USD'],
    [{ kind: 'currency' }, 'shells', undefined],
  ]
  for (const [rule, span, value] of cases) {
    test(`${JSON.stringify(rule)}: ${span}`, () => expect(applyRule(rule, span)).toBe(value))
  }
})

test('places are found whole: nothing inside a word or a number', () => {
  expect(locateValue(text('kept', 'kept'), 'art part art', 'art').map(({ start }) => start)).toEqual([0, 9])
  expect(locateValue(text('kept', 'kept'), '2012 12', '12').map(({ start }) => start)).toEqual([5])
  expect(locateValue(text('kept', 'kept'), '我在北京住', '北京')).toEqual([{ start: 2, end: 4 }])
  expect(locateValue(text('upper', 'one'), 'in new\nYork', 'NEW YORK')).toEqual([{ start: 3, end: 11 }])
  expect(locateValue(text('kept', 'kept'), 'a.c abc', 'a.c')).toEqual([{ start: 0, end: 3 }])
  expect(locateValue(amount('point'), 'version 1.2.3, 45', '1.2')).toEqual([])
  expect(locateValue(text('kept', 'kept'), 'anything', ' ')).toEqual([])
})

test('any number, however it is grouped, is found and written as it was', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -99_999_999, max: 99_999_999 }),
      fc.constantFrom('en', 'de', 'de-CH'),
      (cents, locale) => {
        const value = cents / 100
        const spelled = value.toLocaleString(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
        const decimal = locale === 'de' ? 'comma' : 'point'
        const input = `Sum: ${spelled} EUR`
        const places = locateValue(amount(decimal), input, String(value))
        expect(places.map(({ start, end }) => input.slice(start, end))).toEqual([spelled])
      },
    ),
    { seed: 3 },
  )
})

test('any day in any usual spelling is found and written as ISO 8601', () => {
  const day = fc.date({ min: new Date('1975-01-01'), max: new Date('2065-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(
      day,
      fc.constantFrom('en-GB', 'en-US', 'de', 'sv'),
      fc.constantFrom('long', 'short', '2-digit'),
      (at, locale, month) => {
        const style = month === '2-digit' && locale === 'en-US' ? 'long' : month
        const spelled = at.toLocaleDateString(locale, {
          day: 'numeric',
          month: style,
          year: 'numeric',
          timeZone: 'UTC',
        } as Intl.DateTimeFormatOptions)
        if (locale === 'sv' && style !== '2-digit') return
        const input = `It was on ${spelled} that`
        const iso = at.toISOString().slice(0, 10)
        expect(locateValue(date('day-first'), input, iso), spelled).toHaveLength(1)
      },
    ),
    { seed: 4 },
  )
})

test('scanning long texts of any signs ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (input) => {
      for (const { start, end } of [...datePlaces(input), ...amountPlaces(input)])
        expect(end).toBeGreaterThan(start)
    }),
    { seed: 8 },
  )
  const startedMs = performance.now()
  datePlaces('1 '.repeat(20_000))
  amountPlaces('1,111,'.repeat(5000))
  expect(performance.now() - startedMs).toBeLessThan(500)
})

test('rules that cannot have written the values are not tried', () => {
  expect(rulesFor(['Ada', 'Tim'], 'string').every(({ kind }) => kind === 'text')).toBe(true)
  expect(rulesFor(['EUR', 'USD'], 'string').some(({ kind }) => kind === 'currency')).toBe(true)
  expect(rulesFor(['12.5', '3'], 'bare').every(({ kind }) => kind === 'amount')).toBe(true)
})
