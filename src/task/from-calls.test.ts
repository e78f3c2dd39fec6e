import { describe, expect, test } from 'vitest'
import { maskedText } from '../text/masking.ts'
import { type LearnedTask, type LearnTaskOptions, learnTask, type RawCall } from './from-calls.ts'
import { render } from './rendering.ts'
import { matchTemplate } from './template.ts'
import type { LabelRendering, Prompt } from './types.ts'

const words = 'please win a prize for your order of last week and the meeting on monday about invoice'.split(
  ' ',
)

function mail(index: number): string {
  return `${Array.from(
    { length: 5 + (index % 9) },
    (_, i) => words[(index * 7 + i * (3 + (index % 5))) % words.length]!,
  ).join(' ')} ${index}`
}

const format = {
  type: 'json_schema',
  json_schema: {
    name: 'verdict',
    schema: { type: 'object', properties: { label: { enum: ['spam', 'ham', 'bulk'] } } },
  },
}

function ask(text: string, extra: Partial<Prompt> = {}): Prompt {
  return {
    messages: [
      { role: 'system', content: 'You guard an inbox. Answer in JSON with the member "label".' },
      { role: 'user', content: `Is this mail spam or ham?\n\n<mail>\n${text}\n</mail>` },
    ],
    responseFormat: format,
    ...extra,
  }
}

const label = (index: number): string => (index % 3 === 0 ? 'spam' : 'ham')

function calls(count: number): readonly RawCall[] {
  return Array.from({ length: count }, (_, index) => ({
    prompt: ask(mail(index)),
    answer: `{"label": "${label(index)}"}`,
  }))
}

function learned(rows: readonly RawCall[], options: LearnTaskOptions = {}): LearnedTask {
  const result = learnTask(rows, options)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

test('calls of a spam filter give template, labels, rendering and examples', () => {
  const task = learned(calls(60))
  expect(task).toMatchObject({
    taskKind: 'classification',
    space: { kind: 'labels', labels: ['spam', 'ham'], multiple: false },
    leftOut: [],
    merged: [],
    neverSeen: ['bulk'],
  })
  expect(render(task.rendering as LabelRendering, 'spam')).toBe('{"label": "spam"}')
  expect(task.examples).toHaveLength(60)
  expect(task.examples[3]).toEqual({
    call: 3,
    input: { kind: 'text', text: mail(3) },
    output: { kind: 'labels', labels: ['spam'] },
  })
  expect(matchTemplate(task.template, ask('unseen'))).toEqual({ slots: { text: 'unseen' } })
  expect(matchTemplate(task.template, ask('unseen', { responseFormat: { type: 'text' } }))).toBeUndefined()
})

test('every call is an example or is counted with the reason why not', () => {
  const other = ask('hello')
  const rows: readonly RawCall[] = [
    ...calls(300),
    { prompt: { messages: other.messages }, answer: '{"label": "spam"}' },
    {
      prompt: { ...other, messages: [other.messages[0]!, { role: 'user', content: 'What can you do?' }] },
      answer: 'Much.',
    },
    { prompt: ask('a strange mail'), answer: 'I cannot say.' },
    { prompt: ask('another strange mail'), answer: '{"label": "phishing"}' },
  ]
  const task = learned(rows)
  expect(task.leftOut.map(({ reason, count }) => [reason, count])).toEqual([
    ['other-shape', 1],
    ['other-prompt', 1],
    ['other-answer', 1],
  ])
  const left = task.leftOut.reduce((sum, { count }) => sum + count, 0)
  expect(task.examples.length + left).toBe(rows.length)
})

test('a call whose label is too rare to be learned is judged by, since its like will come again', () => {
  const rows = [...calls(300), { prompt: ask('a strange mail'), answer: '{"label": "phishing"}' }]
  const task = learned(rows)
  expect(task.space).toMatchObject({ labels: ['ham', 'spam'] })
  expect(task.leftOut).toEqual([])
  expect(task.examples.at(-1)).toEqual({
    call: 300,
    input: { kind: 'text', text: 'a strange mail' },
    output: { kind: 'text', text: '{"label": "phishing"}' },
  })
  expect(task.notes.join()).toMatch(
    /1 call was answered with labels too rare to be learned, such as "phishing"/,
  )
})

test('labels that differ in case only are counted as one', () => {
  const rows = calls(100).map((call, i) => (i % 20 === 1 ? { ...call, answer: '{"label": "HAM"}' } : call))
  const without = rows.map(({ prompt, answer }) => ({ prompt: { messages: prompt.messages }, answer }))
  const task = learned(without)
  expect(task.space).toMatchObject({ labels: ['ham', 'spam'] })
  expect(task.merged).toMatchObject([{ kept: 'ham' }])
  expect(task.examples).toHaveLength(100)
})

test('what masking put in place of personal data may be a constant, and masked prompts match it', () => {
  const from = (index: number): Prompt => ask(`From: user${index}@example${index % 7}.org\n${mail(index)}`)
  const masked = (prompt: Prompt): Prompt => ({
    ...prompt,
    messages: prompt.messages.map(({ role, content }) => ({ role, content: maskedText(content) })),
  })
  const task = learned(calls(60).map((call, index) => ({ ...call, prompt: masked(from(index)) })))
  expect(task.examples[5]!.input).toEqual({ kind: 'text', text: mail(5) })
  expect(matchTemplate(task.template, masked(from(99)))).toEqual({ slots: { text: mail(99) } })
  expect(matchTemplate(task.template, from(99))).toBeUndefined()
})

describe('it refuses', () => {
  test('fewer than 20 calls', () => {
    expect(learnTask(calls(19))).toMatchObject({ kind: 'refusal', reason: 'too-few-calls' })
    expect(learnTask([])).toMatchObject({ kind: 'refusal', reason: 'too-few-calls' })
  })

  test('one answer only', () => {
    const rows = calls(40).map((call) => ({ ...call, answer: '{"label": "ham"}' }))
    expect(learnTask(rows)).toMatchObject({ kind: 'refusal', reason: 'one-answer' })
  })

  test('what is not classification, unless a person says so', () => {
    const rows = calls(60).map((call, i) => ({ ...call, answer: `{"label": "topic ${i % 30}"}` }))
    expect(learnTask(rows)).toMatchObject({ kind: 'refusal', reason: 'kind-unclear' })
    expect(learned(rows, { taskKind: 'classification' }).examples).toHaveLength(60)
    expect(learnTask(rows, { taskKind: 'generation' })).toMatchObject({
      kind: 'refusal',
      reason: 'kind-not-trainable',
    })
  })
})

test('learns from 5,000 calls within three seconds', () => {
  const rows = calls(5000).map((call, i) => ({ ...call, prompt: ask(`${mail(i)} `.repeat(20) + i) }))
  const startedMs = performance.now()
  expect(learned(rows).examples).toHaveLength(5000)
  expect(performance.now() - startedMs).toBeLessThan(3000)
})
