import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonBody, jsonLeaves } from './json-leaves.ts'

function at(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => Object.entries(inner as object).find(([name]) => name === String(key))?.[1],
    value,
  )
}

function scalarsIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, inner) => sum + scalarsIn(inner), 0)
}

test('each leaf of any JSON stands where its path and offsets say', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      const leaves = jsonLeaves(text)!
      for (const { path, start, end } of leaves) {
        expect(JSON.parse(text.slice(start, end))).toEqual(at(JSON.parse(text), JSON.parse(path)))
      }
      expect(leaves).toHaveLength(scalarsIn(JSON.parse(text)))
    }),
  )
})

test('there are none of a text that is no JSON or names a member twice', () => {
  for (const text of ['', '{', 'spam', "{'a': 1}", '{"a": 1,}', '{"a": 1, "a": 2}', '[1] [2]']) {
    expect(jsonLeaves(text)).toBeUndefined()
  }
  expect(jsonLeaves('[]')).toEqual([])
})

test('a string of a million escapes is read', () => {
  const text = JSON.stringify({ a: '"\\'.repeat(1e6) })
  expect(jsonLeaves(text)).toEqual([{ path: '["a"]', start: 5, end: text.length - 1 }])
})

test('the body of an answer is its JSON without fences and words', () => {
  expect(jsonBody('```json\n{"a": [1]}\n```')).toEqual({ text: '{"a": [1]}', start: 8 })
  expect(jsonBody('Yes: [1] of {}!')).toEqual({ text: '[1] of {}', start: 5 })
  expect([jsonBody('}{'), jsonBody('none'), jsonBody('')]).toEqual([undefined, undefined, undefined])
})
