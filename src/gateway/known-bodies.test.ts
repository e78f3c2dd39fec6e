import fc from 'fast-check'
import { expect, test } from 'vitest'
import { taskId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { type TaskBook, taskBook } from '../route/recognise.ts'
import type { PromptTemplate, Task } from '../task/types.ts'
import { maskedText } from '../text/masking.ts'
import { type ChatCall, chatOf, understand } from './chat-form.ts'
import { knownBodies } from './known-bodies.ts'

function task(name: string, template?: PromptTemplate): Task {
  return {
    id: taskId(name),
    kind: 'classification',
    space: { kind: 'labels', labels: ['a', 'b'], multiple: false },
    rendering: { kind: 'text', before: '', after: '' },
    risk: { risk: 0.02, delta: 0.05 },
    masked: false,
    paused: false,
    ...(template && { template }),
  }
}

const system = 'You sort the "mail" of a caf\u00e9 \ud83d\ude00.\nAnswer with a word.'
const mail: PromptTemplate = {
  messages: [
    { role: 'system', constants: [system], slots: [] },
    { role: 'user', constants: ['Mail:\n', '\nWhich is it?'], slots: ['text'] },
  ],
}

const book = (...tasks: readonly Task[]): TaskBook =>
  taskBook(tasks.map((one) => ({ task: one, specialists: [] })))
const mailBook = book(task('mail', mail), task('rows'))

interface Asked {
  readonly body: Buffer
  readonly header?: string
}

function theLongWay({ body, header }: Asked, tasks: TaskBook): ChatCall | undefined {
  const chat = chatOf(body.toString())
  return chat && understand(chat, { book: tasks, header, localAnswers: true, mask: maskedText })
}

/** A body as a client writes it: its own order of members, spacing and escapes. */
function bodyOf(text: string, settings: { readonly [name: string]: Json } = {}, indent = 0): Buffer {
  const messages = [
    { role: 'system', content: system },
    { role: 'user', content: `Mail:\n${text}\nWhich is it?` },
  ]
  return Buffer.from(JSON.stringify({ model: 'big', messages, temperature: 0, ...settings }, null, indent))
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 4 }),
  fc.constantFrom(
    '\\',
    '"',
    '","x":"',
    'Mail:\n',
    '\nWhich is it?',
    system,
    '\ud800',
    '\u0000',
    'plain text',
  ),
)

test('what is found is exactly what the whole body would give', () => {
  fc.assert(
    fc.property(
      fc.array(anyText, { minLength: 2, maxLength: 12 }),
      fc.constantFrom(0, 2),
      fc.constantFrom<{ readonly [name: string]: Json }>({}, { stream: true }, { n: 2 }, { user: 'x' }),
      (texts, indent, settings) => {
        const bodies = knownBodies(() => mailBook)
        for (const text of ['the first text', ...texts]) {
          const body = bodyOf(text, settings, indent)
          const expected = theLongWay({ body }, mailBook)
          const found = bodies.find(body, undefined)
          if (found) expect(found).toEqual(expected)
          else if (expected?.input) bodies.learn(body, { call: expected, header: undefined })
        }
      },
    ),
  )
})

test('a body of a known form is found, whatever its text', () => {
  const bodies = knownBodies(() => mailBook)
  const first = bodyOf('Hello there, how are you?')
  expect(bodies.find(first, undefined)).toBeUndefined()
  bodies.learn(first, { call: theLongWay({ body: first }, mailBook)!, header: undefined })
  const texts = [
    'x',
    '',
    'say "hi"\n\\',
    '\u4f60\u597d \ud83d\ude00',
    'Mail:\nHello there, how are you?\nWhich is it?',
  ]
  for (const text of texts) {
    const body = bodyOf(text)
    expect(bodies.find(body, undefined)).toEqual(theLongWay({ body }, mailBook))
    expect(bodies.find(body, undefined)?.input).toEqual({ kind: 'text', text })
  }
  expect(bodies.find(bodyOf('x', { stream: true }), undefined)).toBeUndefined()
  expect(bodies.find(bodyOf('x', {}, 2), undefined)).toBeUndefined()
  expect(bodies.find(first, 'mail')).toBeUndefined()
})

test('a body that only looks like a known form is not found', () => {
  const bodies = knownBodies(() => mailBook)
  const body = bodyOf('Hello there, how are you?').toString()
  const known = Buffer.from(body)
  bodies.learn(known, { call: theLongWay({ body: known }, mailBook)!, header: undefined })
  const broken = [
    body.replace('Hello there', 'Hello","extra":"there'),
    body.replace('Hello there', 'Hello \\u00zz there'),
    body.replace('Hello there', 'Hello \n there'),
    body.replace('how are you?', 'how are you?\\'),
  ]
  for (const text of broken) expect(bodies.find(Buffer.from(text), undefined)).toBeUndefined()
})

test('where another template might win, nothing is taken from the form', () => {
  const longer: PromptTemplate = {
    messages: [
      mail.messages[0]!,
      { role: 'user', constants: ['Mail:\nURGENT ', '\nWhich is it?'], slots: ['text'] },
    ],
  }
  const both = book(task('mail', mail), task('urgent', longer))
  const bodies = knownBodies(() => both)
  const first = bodyOf('Hello there, how are you?')
  bodies.learn(first, { call: theLongWay({ body: first }, both)!, header: undefined })
  expect(bodies.find(first, undefined)).toBeUndefined()
  const urgent = bodyOf('URGENT please')
  const call = theLongWay({ body: urgent }, both)!
  // After a form that could not be learned some bodies are let by.
  for (let tries = 0; tries < 3; tries++) bodies.learn(urgent, { call, header: undefined })
  expect(bodies.find(urgent, undefined)).toEqual(theLongWay({ body: urgent }, both))
})

test('bare inputs of a task without a template are found too, by header and by model', () => {
  const bodies = knownBodies(() => mailBook)
  const bare = (content: string, model: string): Buffer =>
    Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content }] }))
  for (const [model, header] of [
    ['big', 'rows'],
    ['shoal/rows', undefined],
  ] as const) {
    const first = bare('some text', model)
    const asked = header === undefined ? { body: first } : { body: first, header }
    bodies.learn(first, { call: theLongWay(asked, mailBook)!, header })
    const next = bare('Mail:\nanother', model)
    expect(bodies.find(next, header)).toEqual(theLongWay({ ...asked, body: next }, mailBook))
    expect(bodies.find(next, header)?.form.recognised.task).toBe('rows')
  }
})

test('a replaced book forgets every form', () => {
  let current = mailBook
  const bodies = knownBodies(() => current)
  const body = bodyOf('Hello there, how are you?')
  bodies.learn(body, { call: theLongWay({ body }, current)!, header: undefined })
  expect(bodies.find(body, undefined)).toBeDefined()
  current = book(task('other'))
  expect(bodies.find(body, undefined)).toBeUndefined()
})

test('a client whose bodies never repeat their form is not learned from again and again', () => {
  const bodies = knownBodies(() => mailBook)
  let tries = 0
  for (let at = 0; at < 5000; at++) {
    const body = bodyOf('Hello there, how are you?', { seed: at })
    const call = theLongWay({ body }, mailBook)!
    const watched = {
      ...call,
      get input() {
        tries++
        return call.input
      },
    }
    bodies.learn(body, { call: watched, header: undefined })
  }
  expect(tries).toBeLessThan(400)
})
