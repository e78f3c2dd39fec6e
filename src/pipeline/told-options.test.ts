import { expect, test } from 'vitest'
import { toldOptions } from './told-options.ts'

const range = { least: -1, most: 1, shrunk: [[3, 2]] }

test('tables that nobody reads are told by their length, however deep they lie, and what is short is told whole', () => {
  const ranges = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`layer ${at}`, range]))
  const model = {
    base: { name: 'minilm', digest: 'ab' },
    labels: Array.from({ length: 77 }, (_, at) => `label ${at}`),
    precision: { kind: 'int8', ranges },
    usual: { logit: [-1, 2], distance: [3, 4] },
  }
  expect(toldOptions({ budgetMs: null, model, training: { epochs: 3 } })).toEqual({
    budgetMs: null,
    model: {
      base: { name: 'minilm', digest: 'ab' },
      labels: '77 entries',
      precision: { kind: 'int8', ranges: '24 entries' },
      usual: { logit: [-1, 2], distance: [3, 4] },
    },
    training: { epochs: 3 },
  })
})
