import { expect, test } from 'vitest'
import type { LabelledTexts } from './corpus.ts'
import { withSoftRows } from './soft-rows.ts'

const labels = ['a', 'b', 'c']
const classOf = (label: string): number | undefined => {
  const at = labels.indexOf(label)
  return at < 0 ? undefined : at
}
const hard: LabelledTexts = {
  texts: ['one', 'two'],
  classes: Int32Array.of(0, 1),
  classCount: 3,
  weights: Float32Array.of(1, 2),
  groups: Int32Array.of(7, 8),
}

test('a row whose teacher was unsure is learned for each label that it thought of, with all its weight shared out', () => {
  const soft = withSoftRows(hard, [{ soft: { labels, probabilities: [0.64, 0.36, 0] } }, {}], classOf)
  expect(soft.texts).toEqual(['one', 'two', 'one'])
  expect([...soft.classes]).toEqual([0, 1, 1])
  expect([...soft.groups]).toEqual([7, 8, 7])
  expect(soft.weights[0]).toBeCloseTo(0.8 / 1.4)
  expect(soft.weights[1]).toBe(2)
  expect(soft.weights[2]).toBeCloseTo(0.6 / 1.4)
  expect([...soft.onlyLearned!]).toEqual([0, 0, 1])
})

test('where no teacher said how sure it was nothing changes', () => {
  expect(withSoftRows(hard, [{}, {}], classOf)).toBe(hard)
  const certain = { soft: { labels, probabilities: [1, 0, 0] } }
  expect(withSoftRows(hard, [certain, {}], classOf)).toBe(hard)
})

test('labels that the task does not have, and slight ones, count for the answer itself', () => {
  const doubtful = { soft: { labels: ['a', 'z', 'c'], probabilities: [0.9999, 0.0001, 0.0000001] } }
  expect(withSoftRows(hard, [doubtful, {}], classOf)).toBe(hard)
})
