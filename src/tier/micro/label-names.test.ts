import { expect, test } from 'vitest'
import { labelWords } from './label-names.ts'

test('names are split where people join words', () => {
  expect(labelWords('card_arrival')).toBe('card arrival')
  expect(labelWords('lostOrStolen-card')).toBe('lost or stolen card')
  expect(labelWords('billing/refund: late')).toBe('billing refund late')
  expect(labelWords('Überweisung')).toBe('überweisung')
  expect(labelWords('退款')).toBe('退款')
})

test('what is no word says nothing', () => {
  for (const label of ['0', 'B2', 'LABEL_17', 'ab', '', '__', '-1']) expect(labelWords(label)).toBeUndefined()
})
