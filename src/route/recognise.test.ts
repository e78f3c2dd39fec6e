import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ModelName, taskId } from '../base/ids.ts'
import { plainFields } from '../task/extraction.ts'
import { plainAnswers } from '../task/question-answering/answer-rendering.ts'
import type { Message, PromptTemplate, Task } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { recognise, recogniseMasked, taskBook, wholePrompt } from './recognise.ts'
import type { ServedTask } from './specialist.ts'

function task(name: string, template?: PromptTemplate): Task {
  return {
    id: taskId(name),
    kind: 'classification',
    space: { kind: 'labels', labels: ['a', 'b'], multiple: false },
    rendering: { kind: 'text', before: '', after: '' },
    risk: { risk: 0.02, delta: 0.05 },
    upstream: 'big' as ModelName,
    masked: false,
    paused: false,
    ...(template && { template }),
  }
}

const oneSlot = (before: string, after = '', system?: string): PromptTemplate => ({
  messages: [
    ...(system === undefined ? [] : [{ role: 'system', constants: [system], slots: [] }]),
    { role: 'user', constants: [before, after], slots: ['text'] },
  ],
})

test('a thousand tasks are told apart, with and without messages that are constant', () => {
  const served: ServedTask[] = Array.from({ length: 1000 }, (_, at) => ({
    task: task(
      `t${at}`,
      at % 2 ? oneSlot(`Question number ${at}: `) : oneSlot('Please classify: ', '', `You are helper ${at}.`),
    ),
    specialists: [],
  }))
  const book = taskBook(served)
  for (const at of [0, 1, 500, 999]) {
    const messages: Message[] =
      at % 2
        ? [{ role: 'user', content: `Question number ${at}: why?` }]
        : [
            { role: 'system', content: `You are helper ${at}.` },
            { role: 'user', content: 'Please classify: why?' },
          ]
    expect(recognise({ model: 'big', prompt: { messages } }, book)).toMatchObject({
      task: `t${at}`,
      input: { kind: 'text', text: 'why?' },
      by: 'template',
    })
    expect(
      recognise({ model: 'big', prompt: { messages: [...messages, messages[0]!] } }, book).task,
    ).toBeUndefined()
  }
})

test('of two templates that match, the one with more constant text wins', () => {
  const text = fc.string({ maxLength: 30 })
  fc.assert(
    fc.property(text, text, text, (a, b, x) => {
      const short = oneSlot(`Sort this mail: ${a}`)
      const long = oneSlot(`Sort this mail: ${a}${b}!`)
      const book = taskBook([
        { task: task('short', short), specialists: [] },
        { task: task('long', long), specialists: [] },
      ])
      const content = `Sort this mail: ${a}${b}!${x}`
      expect(
        recognise({ model: 'm', prompt: { messages: [{ role: 'user', content }] } }, book),
      ).toMatchObject({
        task: 'long',
        input: { text: x },
      })
    }),
  )
})

test('a header names a task that need not exist yet; its calls are kept under it', () => {
  const prompt = { messages: [{ role: 'user', content: 'hello' }] }
  expect(recognise({ header: 'new-task', model: 'big', prompt }, taskBook([]))).toEqual({
    task: 'new-task',
    by: 'header',
    isBare: false,
    model: 'big',
  })
  expect(() => recognise({ header: 'No Task!', model: 'big', prompt }, taskBook([]))).toThrow(
    /not a task name/,
  )
})

test('a named task with a changed prompt has no input', () => {
  const book = taskBook([{ task: task('t', oneSlot('Sort this mail please: ')), specialists: [] }])
  const prompt = { messages: [{ role: 'user', content: 'Sort this: hello' }] }
  expect(recognise({ header: 't', model: 'big', prompt }, book).input).toBeUndefined()
})

test('a task without a template takes the only message of the user as its input', () => {
  const book = taskBook([{ task: task('rows'), specialists: [] }])
  const user = { role: 'user', content: 'hello' }
  const call = (messages: readonly Message[]) =>
    recognise({ model: 'shoal/rows', prompt: { messages } }, book).input
  expect(call([user])).toEqual({ kind: 'text', text: 'hello' })
  expect(call([{ role: 'system', content: 'Sort.' }, user])).toEqual({ kind: 'text', text: 'hello' })
  expect(call([user, { role: 'assistant', content: 'ham' }, user])).toBeUndefined()
  expect(call([user, user])).toBeUndefined()
})

test('a prompt with an address in its constant part is recognised by the template of the masked calls', () => {
  const template = oneSlot('From: [EMAIL]. Sort this mail please: ')
  const masked: Task = { ...task('t', template), masked: true }
  const book = taskBook([{ task: masked, specialists: [] }])
  const prompt = {
    messages: [
      { role: 'user', content: 'From: ann@example.test. Sort this mail please: write to bob@example.test' },
    ],
  }
  expect(recognise({ model: 'big', prompt }, book).task).toBeUndefined()
  expect(recogniseMasked({ model: 'big', prompt }, book, maskedText)).toMatchObject({
    task: 't',
    input: { kind: 'text', text: 'write to [EMAIL]' },
  })
  const exempt = taskBook([{ task: { ...masked, masked: false }, specialists: [] }])
  expect(recogniseMasked({ model: 'big', prompt }, exempt, maskedText).task).toBeUndefined()
})

test('where an answer is made of the input, a prompt that is recognised masked gives the input as it came', () => {
  const template = oneSlot('From: [EMAIL].\nAddresses in: ')
  const fields: Task = {
    ...task('t', template),
    kind: 'extraction',
    masked: true,
    rendering: plainFields(['to']),
  }
  const book = taskBook([{ task: fields, specialists: [] }])
  const content = 'From: ann@example.test.\nAddresses in: write to bob@example.test or eve@example.test'
  const found = recogniseMasked(
    { model: 'big', prompt: { messages: [{ role: 'user', content }] } },
    book,
    maskedText,
  )
  expect(found.input).toEqual({
    kind: 'text',
    text: 'Addresses in: write to bob@example.test or eve@example.test',
  })
})

describe('questions about a text', () => {
  const template: PromptTemplate = {
    messages: [
      { role: 'system', constants: ['Quote the answer.'], slots: [] },
      {
        role: 'user',
        constants: ['<text>\nChapter ', ' is about ', '.\n</text>\nQuestion: ', ''],
        slots: ['number', 'text', 'question'],
      },
    ],
  }
  const questions: Task = {
    ...task('t', template),
    kind: 'question-answering',
    space: { kind: 'answer' },
    rendering: plainAnswers,
    masked: true,
  }
  const served = { task: questions, specialists: [] }
  const book = taskBook([served])
  const content = '<text>\nChapter 5 is about ann@example.test.\n</text>\nQuestion: Who is ann@example.test?'
  const expected = {
    kind: 'question',
    question: 'Who is ann@example.test?',
    context: 'Chapter 5 is about ann@example.test.',
  } as const

  test('are two slots and more: the question, and the lines that the others stand in', () => {
    const messages = [
      { role: 'system', content: 'Quote the answer.' },
      { role: 'user', content },
    ]
    expect(recogniseMasked({ model: 'big', prompt: { messages } }, book, maskedText).input).toEqual(expected)
    expect(wholePrompt(served, expected)!.messages).toEqual(messages)
  })

  test('are JSON where the prompt is left out', () => {
    const bare = (text: string) =>
      recognise({ model: 'shoal/t', prompt: { messages: [{ role: 'user', content: text }] } }, book)
    const { question, context } = expected
    expect(bare(JSON.stringify({ question, context }))).toMatchObject({ input: expected, isBare: true })
    expect(bare(JSON.stringify({ question })).input).toBeUndefined()
    expect(bare('Who is it?').input).toBeUndefined()
  })
})
