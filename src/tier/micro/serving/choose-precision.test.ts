import { expect, test } from 'vitest'
import { choosePrecision, isKept } from './choose-precision.ts'

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

test('whatever a task is measured by, 0.3 points of it may be lost, and as much of the scores', () => {
  const float32 = { share: 0.45, brier: 0.1 }
  expect(isKept(float32, { share: 0.4471, brier: 0.1 })).toBe(true)
  expect(isKept(float32, { share: 0.4469, brier: 0.1 })).toBe(false)
  expect(isKept(float32, { share: 0.5, brier: 0.104 })).toBe(false)
})
