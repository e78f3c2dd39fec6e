import { expect, test } from 'vitest'
import { exampleId } from '../../../data/example-set.ts'
import { createTagScheme } from '../../../model/crf/tag-scheme.ts'
import { type CheckedRow, judgeRows } from './judge-rows.ts'

const scheme = createTagScheme('bio', 1)

/** A row of units with spans, and emissions that favour a beginning by so much at each unit. */
function rowOf(spans: readonly number[], favour: readonly number[], lost = 0): CheckedRow {
  const tags = Uint8Array.from(favour, (_, unit) => Number(spans.includes(unit)))
  const text = { ids: new Int32Array(0), shapes: new Int32Array(0), starts: new Int32Array(0) }
  return {
    row: {
      ...{ tags, lost, weight: 1, example: exampleId({ kind: 'text', text: favour.join() }) },
      text: { ...text, ends: text.starts, pieces: text.starts },
      wanted: spans.map((unit) => ({ first: unit, last: unit, label: 0 })),
    },
    emissions: Float32Array.from(favour.flatMap((score) => [0, score, -20])),
  }
}

test('the bias that finds most spans rightly is chosen, and none where it makes no difference', () => {
  const shy = judgeRows([rowOf([0, 1], [-0.4, -0.3, -5]), rowOf([2], [-5, -5, -0.2])], scheme)
  expect(shy.form.outsideBias).toBe(0.5)
  expect(shy.f1).toBe(1)
  expect(shy.judged.map(({ correct, loss }) => [correct, loss])).toEqual([
    [true, 0],
    [true, 0],
  ])
  expect(judgeRows([rowOf([0], [9, -9])], scheme).form.outsideBias).toBe(0)
})

test('a bias that finds more is taken where F1 does not tell it apart from the best', () => {
  const sure = Array.from({ length: 4 }, (_, row) => rowOf([0], [9, -9, -9 - row]))
  const shy = rowOf([0, 1], [9, -0.4, -9])
  const wrong = rowOf([0], [9, -0.4, -0.45])
  const { form, f1 } = judgeRows([...sure, shy, wrong], scheme)
  expect(form.outsideBias).toBe(0.5)
  expect(f1).toBeCloseTo(14 / 16)
})

test('a span that units cannot tell makes an answer wrong', () => {
  const { judged, f1 } = judgeRows([rowOf([0], [9, -9], 1)], scheme)
  expect(judged[0]).toMatchObject({ correct: false, loss: 0.5 })
  expect(f1).toBeCloseTo(2 / 3)
})

test('no rows held aside leave the usual form', () => {
  expect(judgeRows([], scheme)).toMatchObject({ form: { outsideBias: 0 }, judged: [], f1: 1 })
})

test('in a form that is given nothing is chosen', () => {
  const rows = [rowOf([0, 1], [-0.4, -0.3, -5]), rowOf([2], [-5, -5, -0.2])]
  const form = { outsideBias: 0, scoreName: 'weakest' } as const
  const shy = judgeRows(rows, scheme, form)
  expect(shy.form).toEqual(form)
  expect(shy.f1).toBe(0)
})
