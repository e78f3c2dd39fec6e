import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ambiguousLabels, mergeLabels } from './alike-labels.ts'
import { learnLabelSpace } from './classification.ts'

const times = (count: number, label: string): readonly string[] => Array.from({ length: count }, () => label)

test('labels that differ only in case, spaces or Unicode form are found, the most frequent first', () => {
  const counts = new Map([
    ['Spam', 3],
    ['spam', 9],
    [' SPAM', 1],
    ['ham', 5],
    ['no  reply', 2],
    ['no reply', 2],
    ['ｓｐａｍ', 1],
  ])
  const groups = ambiguousLabels(counts)
  expect(groups.map(({ kept, variants }) => [kept, variants.length])).toEqual([
    ['spam', 4],
    ['no  reply', 2],
  ])
  expect(mergeLabels(groups).get('Spam')).toBe('spam')
  expect(mergeLabels(groups).get('ham')).toBeUndefined()
})

test('labels that differ in more than case and space are left apart, whatever they are', () => {
  const letters = fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b', '_', '-'), minLength: 1 }), {
    minLength: 1,
  })
  fc.assert(
    fc.property(letters, (labels) => {
      expect(ambiguousLabels(new Map(labels.map((label) => [label, 1])))).toEqual([])
    }),
  )
})

describe('a label space', () => {
  test('has the labels seen often enough, sorted, and merges those that are alike', () => {
    const space = learnLabelSpace(
      [...times(9, 'spam'), ...times(3, 'Spam'), ...times(6, 'ham'), ...times(4, 'rare')],
      {
        isSaid: false,
      },
    )
    expect(space).toMatchObject({ kind: 'learned', labels: ['ham', 'spam'], merged: [{ kept: 'spam' }] })
    if (space.kind === 'refusal') return
    expect([...space.canonical]).toEqual([
      ['spam', 'spam'],
      ['Spam', 'spam'],
      ['ham', 'ham'],
    ])
  })

  test('follows the order of the list in the request, and merges nothing that is listed', () => {
    const seen = [...times(9, 'us'), ...times(8, 'US'), ...times(7, 'de')]
    expect(learnLabelSpace(seen, { isSaid: false, listed: ['us', 'US', 'fr', 'de'] })).toMatchObject({
      labels: ['us', 'US', 'de'],
      merged: [],
    })
  })

  test('keeps labels that were seen twice where a person said that it is classification', () => {
    const seen = [...times(2, 'a'), ...times(2, 'b'), 'c']
    expect(learnLabelSpace(seen, { isSaid: true })).toMatchObject({ labels: ['a', 'b'] })
    expect(learnLabelSpace(seen, { isSaid: false })).toMatchObject({
      kind: 'refusal',
      reason: 'too-few-calls',
    })
  })

  test('refuses a single label that is frequent enough', () => {
    const result = learnLabelSpace([...times(9, 'a'), 'b'], { isSaid: true })
    expect(result).toMatchObject({ kind: 'refusal', message: expect.stringContaining('only one label') })
  })
})
