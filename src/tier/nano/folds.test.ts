import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { createTermCounter } from '../../model/linear/terms.ts'
import { defaultNgrams } from '../../text/ngrams.ts'
import { joinFamilies } from './families.ts'
import { innerFolds } from './folds.ts'

const rowsOf = (count: number, classCount: number) => ({
  classes: Int32Array.from({ length: count }, (_, row) => row % classCount),
  groups: Int32Array.from({ length: count }, (_, row) => Math.floor(row / 3)),
  contained: new Uint8Array(count),
})

test('few rows are each checked once, in four folds that share no group with what is learned', () => {
  const rows = rowsOf(240, 4)
  const folds = innerFolds(rows, seededRandom(1))
  expect(folds).toHaveLength(4)
  expect(folds.flatMap(({ check }) => [...check]).sort((a, b) => a - b)).toEqual([...rows.classes.keys()])
  for (const { learn, check } of folds) {
    const learned = new Set([...learn].map((row) => rows.groups[row]!))
    expect([...check].some((row) => learned.has(rows.groups[row]!))).toBe(false)
    expect(check.length).toBeGreaterThan(30)
  }
})

test('many rows have one fold of 15%, every class in it', () => {
  const rows = { ...rowsOf(6000, 40), groups: Int32Array.from({ length: 6000 }, (_, row) => row) }
  const [fold, ...others] = innerFolds(rows, seededRandom(1))
  expect(others).toEqual([])
  expect(fold!.check.length).toBeGreaterThan(800)
  expect(fold!.check.length).toBeLessThan(1000)
  expect(new Set([...fold!.check].map((row) => rows.classes[row])).size).toBe(40)
})

test('a row that is part of a longer one is neither checked on nor learned from while that one is checked', () => {
  const rows = { ...rowsOf(240, 4), contained: new Uint8Array(240).map((_, row) => (row % 3 === 0 ? 0 : 1)) }
  for (const { check } of innerFolds(rows, seededRandom(2))) {
    expect([...check].every((row) => rows.contained[row] === 0)).toBe(true)
  }
})

test('phrases join the sentence that holds them, and a phrase of two sentences does not join these', () => {
  const texts = [
    'a gripping and quietly moving portrait of grief',
    'quietly moving portrait',
    'the gripping plot never lets the viewer breathe',
    'gripping',
    'nothing alike at all here',
  ]
  const counter = createTermCounter(defaultNgrams)
  for (const text of texts) counter.add(text)
  const { groups, contained } = joinFamilies(counter.finish(), Int32Array.from(texts.keys()))
  expect(groups[1]).toBe(groups[0])
  expect(groups[2]).not.toBe(groups[0])
  expect(groups[4]).toBe(4)
  expect([...contained]).toEqual([0, 1, 0, 1, 0])
})

test('rows of one group stay one', () => {
  const counter = createTermCounter(defaultNgrams)
  for (const text of ['one thing', 'quite another', 'a third']) counter.add(text)
  const { groups } = joinFamilies(counter.finish(), Int32Array.of(7, 9, 7))
  expect(groups[0]).toBe(groups[2])
  expect(groups[0]).not.toBe(groups[1])
})
