import { expect, test } from 'vitest'
import { choosePrecision } from './choose-precision.ts'

const rows = (right: number, score = 0.9) =>
  Array.from({ length: 1000 }, (_, row) => ({ score, correct: row < right }))

test('eight bits are chosen where they lose at most 0.3 points', () => {
  expect(choosePrecision(rows(900), rows(898))).toBe('int8')
  expect(choosePrecision(rows(900), rows(896))).toBe('float32')
})

test('eight bits that are as often right but less well sure of it are not chosen', () => {
  expect(choosePrecision(rows(900), rows(900, 0.8))).toBe('float32')
})

test('without rows held aside nothing is known, and layers stay as they were trained', () => {
  expect(choosePrecision([], [])).toBe('float32')
})
