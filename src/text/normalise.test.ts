import { expect, test } from 'vitest'
import { boundText, featureLimit, normaliseForFeatures } from './normalise.ts'

test('case and compatibility forms are made plain', () => {
  expect(normaliseForFeatures('ＦＵＬＬ width ﬁne ②')).toBe('full width fine 2')
})

test('short texts are left whole', () => {
  expect(boundText('abc', 3)).toBe('abc')
})

test('long texts give three quarters of their beginning and a quarter of their end', () => {
  const text = `${'a'.repeat(100)}${'m'.repeat(1000)}${'z'.repeat(100)}`
  const bound = boundText(text, 40)
  expect(bound).toHaveLength(40)
  expect(bound).toBe(`${'a'.repeat(30)}\n${'z'.repeat(9)}`)
})

test('characters that stand for many do not get past the bound', () => {
  expect(normaliseForFeatures('\ufdfa'.repeat(featureLimit)).length).toBeLessThanOrEqual(featureLimit)
})

test('ten megabytes are bounded before anything else is done with them', () => {
  expect(normaliseForFeatures('Ä'.repeat(10_000_000)).length).toBeLessThanOrEqual(featureLimit)
})
