import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maskJsonText } from './mask-json.ts'
import { maskText } from './masking.ts'

test('strings are masked wherever they stand, the rest stays byte for byte', () => {
  const body = '{ "to" : ["joe@x.com", {"tel": "+49 30 901820"}],\n "n": 1.50, "e": "\\u4e2d\\/x" }'
  expect(maskJsonText(body)).toBe(
    '{ "to" : ["[EMAIL]", {"tel": "[PHONE]"}],\n "n": 1.50, "e": "\\u4e2d\\/x" }',
  )
})

test('a body without personal data comes back unchanged', () => {
  for (const body of ['{"a":"b \\" \\\\ \\u00e9"}', '', '[]', '{"created":1732437913,"ms":1732437913123}'])
    expect(maskJsonText(body)).toBe(body)
})

test('escapes hide nothing and are not broken', () => {
  const cases = [
    ['{"u":"joe\\u0040x.com"}', '{"u":"[EMAIL]"}'],
    ['{"u":"\\"joe@x.com\\""}', '{"u":"\\"[EMAIL]\\""}'],
    ['{"u":"a\\n13800138000\\tb\\\\"}', '{"u":"a\\n[PHONE]\\tb\\\\"}'],
    ['{"args":"{\\"tel\\":\\"a\\\\n13800138000\\"}"}', '{"args":"{\\"tel\\":\\"a\\\\n[PHONE]\\"}"}'],
  ] as const
  for (const [body, expected] of cases) expect(maskJsonText(body)).toBe(expected)
})

test('a number that is a card becomes a string, a time in milliseconds stays a number', () => {
  expect(maskJsonText('{"card":4111111111111111,"at":1732437913123}')).toBe(
    '{"card":"[CARD]","at":1732437913123}',
  )
})

test('names are masked too', () => {
  expect(maskJsonText('{"joe@x.com":1}')).toBe('{"[EMAIL]":1}')
})

test('what is not JSON is masked as text', () => {
  expect(maskJsonText('{"a": joe@x.com')).toBe('{"a": [EMAIL]')
  expect(maskJsonText('mail "joe@x.com')).toBe('mail "[EMAIL]')
})

test('any JSON stays JSON of the same shape, each string masked as by itself', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('joe@x.com', 'tel "13800138000"', 'a\\b@c.de', '\n+49 30 901820\u2028', '\ud800 x@y.zz'),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.constant(null), tie('list'), tie('record')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    record: fc.dictionary(fc.constantFrom('a', 'b', 'c"'), tie('value')),
  }))
  const masked = (node: unknown): unknown => {
    if (typeof node === 'string') return maskText(node).text
    if (Array.isArray(node)) return node.map(masked)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([name, inside]) => [name, masked(inside)]))
  }
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2), (node, indent) => {
      const body = JSON.stringify(node, undefined, indent)
      expect(JSON.parse(maskJsonText(body))).toEqual(masked(JSON.parse(body)))
    }),
    { numRuns: 1000 },
  )
})
