import { expect, test } from 'vitest'
import { plainFields } from '../task/extraction.ts'
import type { Rendering, TaskOutput } from '../task/types.ts'
import type { RawPredictor } from '../tier/tier.ts'
import { writablePredictor } from './writable-predictor.ts'

const plain = plainFields([])
const rendering: Rendering = {
  ...plain,
  root: {
    kind: 'value',
    label: 'date',
    rule: { kind: 'date', order: 'day-first', pattern: 'yyyy-MM-dd' },
    form: 'string',
    missing: { kind: 'never' },
  },
}
const spanOf = (text: string): TaskOutput => ({
  kind: 'spans',
  spans: [{ start: 0, end: text.length, label: 'date', text }],
})

function raw(output: (text: string) => TaskOutput): RawPredictor {
  const predict: NonNullable<RawPredictor['inline']>['predict'] = (input) => ({
    output: output(input.kind === 'text' ? input.text : ''),
    score: 0.9,
    noveltyScore: 0.1,
  })
  return {
    predict: async (inputs) => inputs.map(predict),
    inline: { inlineLimit: 10, predict },
    sizeBytes: 1,
    dispose: async () => {},
  }
}

test('an answer that cannot be written is sure of nothing and more novel than any', async () => {
  const predictor = writablePredictor(raw(spanOf), rendering)
  const asked = ['3 May 2024', 'soon'].map((text) => ({ kind: 'text', text }) as const)
  const said = await predictor.predict(asked)
  expect(said.map(({ score, noveltyScore }) => [score, noveltyScore])).toEqual([
    [0.9, 0.1],
    [0, Number.POSITIVE_INFINITY],
  ])
  expect(asked.map((input) => predictor.inline!.predict(input))).toEqual(said)
  expect(
    (
      await writablePredictor(
        raw(() => ({ kind: 'spans', spans: [] })),
        rendering,
      ).predict(asked)
    )[0]!.score,
  ).toBe(0)
})

test('predictors of labels are passed on', () => {
  const labels = raw(() => ({ kind: 'labels', labels: ['a'] }))
  expect(writablePredictor(labels, { kind: 'text', before: '', after: '' })).toBe(labels)
})
