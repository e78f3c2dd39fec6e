import { describe, expect, test } from 'vitest'
import { maskedText } from '../text/masking.ts'
import { answerText } from './extraction.ts'
import { type LearnedTask, type LearnTaskOptions, learnTask, type RawCall } from './from-calls.ts'
import { languageNotes } from './languages.ts'
import { inputOf, matchTemplate } from './template.ts'
import type { Prompt } from './types.ts'

const names = ['Ada', 'Tim', 'Marie', 'Bob', 'Ingrid', 'Wei', 'Olga']
const cities = ['Paris', 'Rome', 'Oslo', 'Bern', 'Madrid']
const nameOf = (index: number): string => names[index % names.length]!
const cityOf = (index: number): string => cities[(index * 3) % cities.length]!
const dayOf = (index: number): number => 1 + (index % 28)

function mail(index: number): string {
  const bodies = [
    `I am ${nameOf(index)} and live in ${cityOf(index)}, since ${dayOf(index)} March 2025.`,
    `${nameOf(index)} here. My flat in ${cityOf(index)} is free from ${dayOf(index)} March 2025`,
    `Hello from ${cityOf(index)}! Yours, ${nameOf(index)} (${dayOf(index)} March 2025)`,
  ]
  return bodies[index % 3]!
}

function ask(text: string): Prompt {
  return { messages: [{ role: 'user', content: `Extract as JSON.\n<mail>\n${text}\n</mail>\nOnly JSON.` }] }
}

const answer = (index: number): string =>
  JSON.stringify({
    name: nameOf(index),
    city: cityOf(index),
    since: `2025-03-${String(dayOf(index)).padStart(2, '0')}`,
  })

function calls(count: number, answerOf = answer, textOf = mail): readonly RawCall[] {
  return Array.from({ length: count }, (_, index) => ({
    prompt: ask(textOf(index)),
    answer: answerOf(index),
  }))
}

function learned(rows: readonly RawCall[], options: LearnTaskOptions = {}): LearnedTask {
  const result = learnTask(rows, options)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

test('calls whose answers are fields of their inputs give an extraction', () => {
  const rows = calls(90)
  const task = learned(rows)
  expect(task).toMatchObject({
    taskKind: 'extraction',
    space: { kind: 'spans', labels: ['city', 'name', 'since'] },
  })
  expect(task.examples).toHaveLength(90)
  for (const { call, input, output } of task.examples) {
    expect(output.kind).toBe('spans')
    expect(answerText(task.rendering, input, output)).toBe(rows[call]!.answer)
    const { slots } = matchTemplate(task.template, rows[call]!.prompt)!
    expect(inputOf({ kind: 'extraction', template: task.template }, slots)).toEqual(input)
  }
})

test('what is the same in all calls so far may still be part of a field', () => {
  // All texts are of one wording and end with the year: the template takes it all but the slots.
  const wording = (index: number): string => `Order ${1000 + index}, moved on ${dayOf(index)} March 2025`
  const task = learned(
    calls(
      80,
      (index) => JSON.stringify({ order: 1000 + index, since: JSON.parse(answer(index)).since }),
      wording,
    ),
  )
  expect(task.taskKind).toBe('extraction')
  expect(task.examples.every(({ output }) => output.kind === 'spans')).toBe(true)
})

describe('personal data that is extracted', () => {
  const withMail = (index: number): string => `${mail(index)}\nmail: user${index}@example${index % 9}.org`
  const masked = calls(
    80,
    (index) => JSON.stringify({ email: `user${index}@example${index % 9}.org` }),
    withMail,
  ).map(({ prompt, answer: said }) => ({
    prompt: {
      messages: prompt.messages.map(({ role, content }) => ({ role, content: maskedText(content) })),
    },
    answer: maskedText(said),
  }))

  test('is a field, though its placeholder is the same in all calls', () => {
    const task = learned(masked, { taskKind: 'extraction' })
    expect(task.space).toEqual({ kind: 'spans', labels: ['email'] })
    expect(task.examples[0]!.output).toMatchObject({
      kind: 'spans',
      spans: [{ label: 'email', text: '[EMAIL]' }],
    })
    expect(JSON.stringify(task.template)).not.toContain('[EMAIL]')
    // So that calls are recognised as they come.
    expect(matchTemplate(task.template, ask(withMail(500)))).toBeDefined()
  })

  test('that stands in no input cannot be given back', () => {
    const rows = masked.map((call) => ({ ...call, prompt: ask(mail(masked.indexOf(call))) }))
    expect(learnTask(rows, { taskKind: 'extraction' })).toMatchObject({ kind: 'refusal' })
  })
})

test('one answer in twenty that is none is judged by and not trained on', () => {
  const task = learned(calls(100, (index) => (index % 20 === 0 ? 'I cannot tell.' : answer(index))))
  expect(task.examples.filter(({ output }) => output.kind === 'text')).toHaveLength(5)
  expect(task.notes.join(' ')).toMatch(/95 of 100 answers .* 5 × the answer has another form/)
})

test('a field that is chosen, not found, is named in the refusal', () => {
  const rows = calls(90, (index) => JSON.stringify({ name: nameOf(index), mood: `mood ${index % 4}` }))
  const result = learnTask(rows)
  expect(result).toMatchObject({ kind: 'refusal' })
  if (result.kind === 'refusal') expect(result.seen.length).toBeGreaterThan(0)
  const said = learnTask(rows, { taskKind: 'extraction' })
  expect(said).toMatchObject({ kind: 'refusal', reason: 'not-in-input' })
  if (said.kind === 'refusal') expect(said.message).toContain('"mood": its 4 values')
})

test('answers in two languages are reported', () => {
  const german = Array.from({ length: 30 }, (_, i) => `Das ist die Bestellung ${i} und sie ist nicht da.`)
  const english = Array.from({ length: 70 }, (_, i) => `This is the order ${i} and it is not here.`)
  expect(languageNotes([...german, ...english])[0]).toMatch(/English in 70 of 100, German in 30 of 100/)
  expect(languageNotes(english)).toEqual([])
  expect(languageNotes([...english, '你好，这是订单', '请帮助我', '我的订单在哪里'])[0]).toMatch(
    /Chinese in 3 of 73/,
  )
})
