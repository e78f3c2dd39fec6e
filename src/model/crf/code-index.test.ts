import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createCodeIndex, createGrowingCodeIndex } from './code-index.ts'

test('codes keep their rows while the index grows, and others have none', () => {
  const random = seededRandom(1)
  const codes = [...new Set(Array.from({ length: 5000 }, () => (random.next() * 2 ** 32) | 0))]
  const index = createGrowingCodeIndex(4)
  codes.forEach((code, row) => {
    expect(index.rowFor(code)).toBe(row)
  })
  expect(index.rowFor(codes[17]!)).toBe(17)
  expect(index.size).toBe(codes.length)
  expect([...index.codes()]).toEqual(codes)
  const fixed = createCodeIndex(Int32Array.from(codes))
  codes.forEach((code, row) => {
    expect(fixed.rowOf(code)).toBe(row)
  })
  const known = new Set(codes)
  for (let code = 0; code < 1000; code++) if (!known.has(code)) expect(fixed.rowOf(code)).toBe(-1)
})
