import { expect, test } from 'vitest'
import { drawnNotes } from './trained-card.ts'

const row = (text: string, group?: string) => ({
  input: { kind: 'text', text } as const,
  ...(group !== undefined && { group }),
})

test('of calibration rows that are each their own, nothing is said', () => {
  expect(drawnNotes([row('a'), row('b', 'x'), row('c', 'y')])).toEqual([])
})

test('groups and repeats among the calibration rows are told, with what the bound makes of them', () => {
  expect(drawnNotes([row('a', 'x'), row('b', 'x'), row('c')]).join()).toMatch(
    /^The 3 calibration rows belong to 2 groups \(the largest has 2\): .* the bounds count groups/,
  )
  expect(drawnNotes([row('a'), row('A '), row('c')]).join()).toMatch(/^1 of the 3 calibration rows repeat/)
})
