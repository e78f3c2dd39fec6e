import { describe, expect, test } from 'vitest'
import type { Example } from '../data/example.ts'
import { exampleId } from '../data/example-set.ts'
import type { Prediction } from '../task/predictor.ts'
import type { TaskOutput } from '../task/types.ts'
import { answerBaselines, nearestSentence } from './answer-baselines.ts'
import { plainBaselines } from './baselines.ts'
import { findInData } from './data-findings.ts'
import { evaluatePredictions } from './evaluate.ts'
import { compareWithBaselines, fitBaselines } from './report.ts'

const context = 'The bridge was opened in 1904. It was built by Anna Krug, an engineer. Tickets cost 5 euros.'
const questions: readonly (readonly [string, string | undefined])[] = [
  ['When was the bridge opened?', '1904'],
  ['Who built it?', 'Anna Krug'],
  ['What do tickets cost?', '5 euros'],
  ['How long is it?', undefined],
]

function said(text: string | undefined): TaskOutput {
  if (text === undefined) return { kind: 'answer' }
  const start = context.indexOf(text)
  return { kind: 'answer', span: { start, end: start + text.length, text } }
}

const examples: readonly Example[] = questions.map(([question, answer]) => {
  const input = { kind: 'question', question, context } as const
  return { id: exampleId(input), input, output: said(answer), source: 'gold', weight: 1 }
})

const predicted = (text: string | undefined, confidence: number): Prediction => ({
  output: said(text),
  confidence,
  novelty: 0,
})

describe('answers to questions are judged', () => {
  const predictions = [
    predicted('1904', 0.9),
    predicted('Anna', 0.7),
    predicted(undefined, 0.4),
    predicted(undefined, 0.8),
  ]
  const evaluation = evaluatePredictions(predictions, examples)

  test('by exact match and F1 of all, of those with an answer, and of those without', () => {
    expect(evaluation.right.value).toBe(0.5)
    expect(evaluation.questionAnswering).toMatchObject({
      rows: 4,
      rowsWithoutQuote: 0,
      exactMatch: { value: 0.5 },
      f1: { value: (1 + 2 / 3 + 0 + 1) / 4 },
      there: { rows: 3, exactMatch: { value: 1 / 3 }, f1: { value: expect.closeTo(5 / 9, 10) } },
      notThere: { rows: 1, accuracy: { value: 1 } },
    })
    const { low, high } = evaluation.questionAnswering!.f1
    expect(low).toBeLessThan(0.67)
    expect(high).toBeGreaterThan(0.67)
  })

  test('and "not there" by the distribution where there is one, else by the confidence', () => {
    // 1 - 0.9, 1 - 0.7, 0.4 and 0.8: the row without an answer has the highest.
    expect(evaluation.questionAnswering!.notThere!.auroc!.value).toBe(1)
    const labels = ['there', 'not-there']
    const shares = [0.3, 0.2, 0.6, 0.4]
    const told = evaluatePredictions(
      predictions.map((prediction, row) => ({
        ...prediction,
        distribution: { labels, probabilities: [1 - shares[row]!, shares[row]!] },
      })),
      examples,
    )
    expect(told.questionAnswering!.notThere!.auroc!.value).toBeCloseTo(2 / 3, 10)
  })

  test('a right answer that is no quote is wrong for all and in no F1', () => {
    const rows = [
      ...examples.slice(0, 3),
      { ...examples[3]!, output: { kind: 'text', text: 'Long.' } as const },
    ]
    const { right, questionAnswering } = evaluatePredictions(predictions, rows)
    expect(right.value).toBe(0.25)
    expect(questionAnswering).toMatchObject({ rows: 3, rowsWithoutQuote: 1 })
    expect(questionAnswering).not.toHaveProperty('notThere')
  })
})

describe('the baselines of answers', () => {
  test('are "not there" and the sentence with the most words of the question', async () => {
    const fitted = await fitBaselines(plainBaselines, examples, { seed: 0 })
    const comparison = await compareWithBaselines({
      test: examples,
      predictions: examples,
      baselines: fitted,
      seed: 0,
    })
    expect(comparison).toMatchObject({ accuracy: { value: 1 }, f1: { value: 1 } })
    expect(comparison.contenders.map(({ name }) => name)).toEqual(['not-there', 'lexical-sentence'])
    const [notThere, sentence] = comparison.contenders
    expect(notThere).toMatchObject({ accuracy: { value: 0.25 }, f1: { value: 0.25 } })
    expect(sentence!.accuracy.value).toBe(0)
    expect(sentence!.f1!.value).toBeGreaterThan(0.2)
  })

  test.each([
    ['When was the bridge opened?', context, 'The bridge was opened in 1904.'],
    ['What do tickets cost?', context, 'Tickets cost 5 euros.'],
    ['北京在哪里？', '上海在东方。北京在北方！广州在南方。', '北京在北方！'],
    ['Anything?', 'One line\nand another', 'One line'],
  ])('%s', (question, text, expected) => {
    const found = nearestSentence({ kind: 'question', question, context: text })
    expect(found!.text).toBe(expected)
    expect(text.slice(found!.start, found!.end)).toBe(expected)
  })

  test('find nothing in an empty context, and bear a long one', () => {
    const [, sentence] = answerBaselines
    expect(sentence!.answer({ kind: 'question', question: 'Who?', context: ' \n' })).toEqual({
      kind: 'answer',
    })
    const long = `${'Nothing here. '.repeat(8000)}The goat sleeps. ${'x'.repeat(100_000)}`
    expect(nearestSentence({ kind: 'question', question: 'Who sleeps?', context: long })!.text).toBe(
      'The goat sleeps.',
    )
  })
})

test('questions about one context are no near duplicates of each other, the same question twice is', async () => {
  const long = context.repeat(10)
  const rows = [...questions, questions[0]!].map(([question], row): Example => {
    const input = { kind: 'question', question, context: long } as const
    return { ...examples[row % 4]!, id: exampleId(input), input }
  })
  const findings = await findInData(rows, { seed: 0 })
  expect(findings.duplicates.rows).toEqual([4])
  expect(findings.nearDuplicates.rows).toEqual([])
})
