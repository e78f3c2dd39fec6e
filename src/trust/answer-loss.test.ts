import { expect, test } from 'vitest'
import { answerText, plainFields } from '../task/extraction.ts'
import type { Task } from '../task/types.ts'
import { answerLoss } from './answer-loss.ts'

type Judged = Pick<Task, 'space' | 'rendering' | 'promise'>

const input = { kind: 'text', text: 'Ann lives in Rome.' } as const
const labels: Judged = {
  space: { kind: 'labels', labels: ['ham', 'spam', 'new offer'], multiple: false },
  rendering: { kind: 'json', before: '{"label": "', after: '"}' },
}

test.each<[string, string, number | undefined]>([
  ['the same answer', '{"label": "ham"}', 0],
  ['the same in other spacing and fences', '```json\n{ "label":"ham" }\n```', 0],
  ['another label', '{"label": "spam"}', 1],
  ['a label that the task does not know', '{"label": "phishing"}', 1],
  ['no answer of the task', 'I cannot say.', undefined],
  ['half an answer', '{"label": "ha', undefined],
])('of labels, %s', (_, other, loss) => {
  expect(answerLoss(labels, { input, local: '{"label": "ham"}', other })).toBe(loss)
})

test('labels that differ in case and spaces alone are one label, as in training', () => {
  const answers = { input, local: '{"label": "new offer"}', other: '{"label": "New  Offer"}' }
  expect(answerLoss(labels, answers)).toBe(0)
})

const fields: Judged = {
  space: { kind: 'spans', labels: ['name', 'place'] },
  rendering: plainFields(['name', 'place']),
}
const name = { start: 0, end: 3, label: 'name', text: 'Ann' }
const place = { start: 13, end: 17, label: 'place', text: 'Rome' }

test('of fields, key order and spacing do not count, values do, and what is no JSON counts as wrong', () => {
  const local = answerText(fields.rendering, input, { kind: 'spans', spans: [name, place] })!
  const tree = JSON.parse(local)
  const reordered = JSON.stringify(tree, undefined, 4)
  expect(answerLoss(fields, { input, local, other: reordered })).toBe(0)
  const less = answerText(fields.rendering, input, { kind: 'spans', spans: [name] })!
  expect(answerLoss(fields, { input, local, other: less })).toBe(1)
  expect(answerLoss({ ...fields, promise: 'parts' }, { input, local, other: less })).toBe(0.5)
  expect(answerLoss(fields, { input, local, other: 'None found.' })).toBe(1)
})

test('of answers to questions the normalised text counts, and "not there" in any of its forms', () => {
  const questions: Judged = {
    space: { kind: 'answer' },
    rendering: {
      kind: 'answer',
      found: { kind: 'json', before: '{"answer":"', after: '"}' },
      notThere: ['{"answer":null}', 'Not found'],
    },
  }
  const loss = (local: string, other: string): number | undefined =>
    answerLoss(questions, { input, local, other })
  expect(loss('{"answer":"the Alps"}', '{ "answer": "Alps." }')).toBe(0)
  expect(loss('{"answer":"the Alps"}', '{"answer":"Andes"}')).toBe(1)
  expect(loss('{"answer":"the Alps"}', 'Not found')).toBe(1)
  expect(loss('{"answer":null}', 'Not found')).toBe(0)
  expect(loss('{"answer":null}', 'I cannot say.')).toBe(1)
})
