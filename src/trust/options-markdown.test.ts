import { expect, test } from 'vitest'
import { optionLines } from './options-markdown.ts'

test('options are a line for each part, with names that say where a value stands', () => {
  const model = { base: { name: 'minilm' }, multiple: false, usual: { logit: [-1.234567, 2] } }
  expect(optionLines({ budgetMs: null, risk: 0.02, model, training: { epochs: 3 } })).toEqual([
    '  - budgetMs none, risk 0.02',
    '  - model: base.name `minilm`, multiple false, usual.logit [-1.235, 2]',
    '  - training: epochs 3',
  ])
})
