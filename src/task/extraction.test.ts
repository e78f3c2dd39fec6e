import { describe, expect, test } from 'vitest'
import { maskedText } from '../text/masking.ts'
import { answerText, partsLoss, partsOf, plainFields } from './extraction.ts'
import type { FieldRendering } from './fields/field-rendering.ts'
import { originalOutput } from './original-output.ts'
import type { Span } from './types.ts'

const json = plainFields(['name']).body
const fields: FieldRendering = {
  kind: 'fields',
  before: '',
  after: '',
  body: json,
  root: {
    kind: 'object',
    members: ['email', 'name'].map((label) => ({
      key: label,
      node: {
        kind: 'value',
        label,
        rule: { kind: 'text', letters: 'kept', spaces: 'kept' },
        form: 'string',
        missing: { kind: 'omitted' },
      },
    })),
  },
}

function span(text: string, piece: string, label: string): Span {
  const start = text.indexOf(piece)
  return { start, end: start + piece.length, label, text: piece }
}

test('spans that nobody wrote before are written as JSON with offsets in characters', () => {
  const text = '😀 Ada met Tim'
  const spans = [span(text, 'Tim', 'name'), span(text, 'Ada', 'name')]
  const said = answerText(plainFields(['name']), { kind: 'text', text }, { kind: 'spans', spans })
  expect(said).toBe(
    '{"entities":[{"text":"Ada","label":"name","start":2,"end":5},{"text":"Tim","label":"name","start":10,"end":13}]}',
  )
  expect(answerText(plainFields(['name']), { kind: 'text', text: '' }, { kind: 'spans', spans: [] })).toBe(
    '{"entities":[]}',
  )
})

test('what does not go together has no answer', () => {
  const input = { kind: 'text', text: 'Ada' } as const
  expect(answerText(fields, input, { kind: 'labels', labels: ['a'] })).toBeUndefined()
  expect(
    answerText({ kind: 'text', before: '', after: '' }, input, { kind: 'spans', spans: [] }),
  ).toBeUndefined()
  expect(answerText(fields, input, { kind: 'text', text: 'as it was' })).toBe('as it was')
})

describe('personal data', () => {
  const original = 'Write to bob@example.com or ann@example.org, says Bob.'
  const masked = maskedText(original)

  test('stands in the answer as it stands in the request, the right one of several', () => {
    const second = masked.lastIndexOf('[EMAIL]')
    const spans = [
      { start: second, end: second + 7, label: 'email', text: '[EMAIL]' },
      span(masked, 'Bob', 'name'),
    ]
    const input = { kind: 'text', text: original } as const
    const said = answerText(fields, input, originalOutput(input, { kind: 'spans', spans }))
    expect(said).toBe('{"email":"ann@example.org","name":"Bob"}')
  })
})

test('parts are values where the answer says values, and places where it says offsets', () => {
  const text = 'Ada and Ada'
  const [first, second] = [span(text, 'Ada', 'name'), { start: 8, end: 11, label: 'name', text: 'Ada' }]
  expect(partsOf(fields, [first, second])).toHaveLength(1)
  expect(partsOf(plainFields(['name']), [first, second])).toHaveLength(2)
})

test('the loss is the share of parts that are wrong, missing or too much', () => {
  const part = (label: string, value = label) => ({ label, key: `${label} ${value}` })
  expect(partsLoss([], [])).toBe(0)
  expect(partsLoss([part('a'), part('b')], [part('b'), part('a')])).toBe(0)
  expect(partsLoss([part('a'), part('b')], [part('a'), part('b', 'x')])).toBe(0.5)
  expect(partsLoss([part('a')], [])).toBe(1)
  expect(partsLoss([part('a')], [part('a'), part('b'), part('c'), part('d')])).toBe(0.75)
})

test('of several spans for a field with one value the first counts, which is what the answer says', () => {
  const text = 'Ada met Tim, ann@example.com'
  const expected = [span(text, 'Tim', 'name'), span(text, 'ann@example.com', 'email')]
  const said = [...expected, span(text, 'Ada', 'name')]
  expect(answerText(fields, { kind: 'text', text }, { kind: 'spans', spans: said })).toContain('"name":"Ada"')
  expect(partsLoss(partsOf(fields, expected), partsOf(fields, said))).toBe(0.5)
})
