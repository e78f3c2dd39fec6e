import { describe, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import { plainFields } from '../task/extraction.ts'
import type { Span, TaskOutput } from '../task/types.ts'
import { dictionaryBaseline } from './dictionary-baseline.ts'
import { evaluatePredictions } from './evaluate.ts'
import { extractionMetrics } from './extraction.ts'
import { judge, judgedParts, partLosses } from './judge.ts'
import { compareWithBaselines, fitBaselines } from './report.ts'

const task = { rendering: plainFields(['city', 'name']), promise: 'parts' } as const
const text = 'Ada flew to Rome and Oslo with Tim'

function span(piece: string, label: string): Span {
  const start = text.indexOf(piece)
  return { start, end: start + piece.length, label, text: piece }
}
const spans = (...some: readonly Span[]): TaskOutput => ({ kind: 'spans', spans: some })
function row(output: TaskOutput): Example {
  const input = { kind: 'text', text } as const
  return { id: exampleId(input), input, output, source: 'gold', weight: 1 }
}

const right = spans(span('Ada', 'name'), span('Rome', 'city'), span('Oslo', 'city'), span('Tim', 'name'))
const said = spans(span('Ada', 'name'), span('Rome', 'name'), span('Oslo', 'city'), span('Tim', 'name'))

test('strict precision, recall and F1 count label and both ends', () => {
  const part = (label: string, key: string) => ({ label, key })
  const metrics = extractionMetrics(
    [
      {
        expected: [part('a', 'a1'), part('b', 'b1')],
        said: [part('a', 'a1'), part('b', 'b2'), part('b', 'b3')],
      },
      { expected: [part('a', 'a2')], said: [] },
    ],
    { random: seededRandom(1), rowsWithoutSpans: 3 },
  )
  expect(metrics).toMatchObject({ rows: 2, rowsWithoutSpans: 3 })
  expect(metrics.precision.value).toBeCloseTo(1 / 3, 9)
  expect(metrics.recall.value).toBeCloseTo(1 / 3, 9)
  expect(metrics.f1.value).toBeCloseTo(1 / 3, 9)
  expect(metrics.perLabel.map(({ label, support, f1 }) => [label, support, f1.value])).toEqual([
    ['a', 2, 2 / 3],
    ['b', 1, 0],
  ])
  expect(metrics.f1.low).toBeLessThanOrEqual(metrics.f1.value)
  expect(metrics.f1.high).toBeGreaterThanOrEqual(metrics.f1.value)
})

describe('answers of spans are judged by what is served', () => {
  test('as whole answers, and by their parts', () => {
    expect(judge([{ output: right }, { output: said }], [row(right), row(right)], task)).toEqual([
      true,
      false,
    ])
    expect(partLosses([{ output: right }, { output: said }], [row(right), row(right)], task)).toEqual([
      0, 0.25,
    ])
  })

  test('an answer that spans cannot give is wrong whatever is said, and has no part in F1', () => {
    const other = row({ kind: 'text', text: 'I cannot say.' })
    expect(judge([{ output: right }], [other], task)).toEqual([false])
    expect(partLosses([{ output: right }], [other], task)).toEqual([1])
    const evaluation = evaluatePredictions(
      [right, right].map((output) => ({ output, confidence: 0.9, novelty: 0 })),
      [row(right), other],
      { task, gate: { threshold: 0.5, noveltyLimit: 0.99 } },
    )
    expect(evaluation.right.value).toBe(0.5)
    expect(evaluation.extraction).toMatchObject({ rows: 1, rowsWithoutSpans: 1, f1: { value: 1 } })
    expect(evaluation.underCertificate).toMatchObject({ n: 2, errors: 1, realisedLoss: { value: 0.5 } })
  })

  test('each part with its score', () => {
    const parts = [0.9, 0.2, 0.8, 0.7].map((score) => ({ name: 'x', score }))
    expect(judgedParts([{ output: said, parts }], [row(right)], task)).toEqual([
      { score: 0.9, correct: true },
      { score: 0.2, correct: false },
      { score: 0.8, correct: true },
      { score: 0.7, correct: true },
    ])
  })
})

test('the dictionary remembers what was mostly labelled, whole words, the longest first', () => {
  const of = (sentence: string, ...pieces: readonly (readonly [string, string])[]) => ({
    sentence,
    spans: pieces.map(([piece, label]): Span => {
      const start = sentence.indexOf(piece)
      return { start, end: start + piece.length, label, text: piece }
    }),
  })
  const rows = [
    of('to New York', ['New York', 'city']),
    of('in York and May', ['York', 'city'], ['May', 'name']),
    of('May is a month, May it be'),
  ]
  const fitted = dictionaryBaseline.fit(
    rows.map(({ sentence }) => sentence),
    rows.map((one) => one.spans),
  )
  const [found] = fitted.predict(['Yorkshire, New York, York, May'])
  expect(found!.map(({ text: piece, label }) => [piece, label])).toEqual([
    ['New York', 'city'],
    ['York', 'city'],
  ])
})

test('a comparison of spans puts the dictionary beside the specialist, with strict F1', async () => {
  const rows = Array.from({ length: 30 }, () => row(right))
  const baselines = await fitBaselines([dictionaryBaseline], rows, { seed: 0 })
  const comparison = await compareWithBaselines({
    test: rows,
    predictions: rows.map(() => ({ output: said })),
    baselines,
    seed: 0,
    task,
  })
  expect(comparison).toMatchObject({ accuracy: { value: 0 }, f1: { value: 0.75 } })
  expect(comparison.contenders).toMatchObject([
    { name: 'dictionary', accuracy: { value: 1 }, f1: { value: 1 } },
  ])
})
