import { describe, expect, test } from 'vitest'
import { answerText } from '../extraction.ts'
import { type LearnedTask, type LearnTaskOptions, learnTask, type RawCall } from '../from-calls.ts'
import { originalOutput } from '../original-output.ts'
import { inputOf, matchTemplate } from '../template.ts'
import type { TaskInput } from '../types.ts'
import { saysNotThere } from './not-there-words.ts'
import { findQuote } from './quotes.ts'

const people = ['Ada Byron', 'Tim Cook', 'Marie Curie', 'Bob Ross', 'Ingrid Berg', 'Wei Zhang', 'Olga Kern']
const cities = ['Paris', 'Rome', 'Oslo', 'Bern', 'Madrid']
const personOf = (row: number): string => people[row % people.length]!
const cityOf = (row: number): string =>
  `${cities[(row * 3) % cities.length]!}-${['Nord', 'Sud', 'Mitte'][row % 3]!} ${10 + row}`
const isThere = (row: number): boolean => row % 4 !== 0

const contextOf = (row: number): string =>
  `${personOf(row)} was born in ${cityOf(row)} in ${1900 + row}. Later a house was built for ${personOf(row + 1)}, no. ${row * 7}.`
const questionOf = (row: number): string =>
  isThere(row) ? `Where was ${personOf(row)} born?` : `How old was ${personOf(row)} in ${1950 + row}?`

type Write = (answer: string | undefined, row: number) => string

const prompts: { readonly [name: string]: (question: string, context: string) => string } = {
  'the context first': (question, context) =>
    `Answer with a quote from the text, or "Not found".\n\nText: ${context}\n\nQuestion: ${question}\nAnswer:`,
  'the question first': (question, context) => `Q: ${question}\n---\n${context}\n---\nQuote the answer.`,
}

function calls(count: number, write: Write, ask = prompts['the context first']!): readonly RawCall[] {
  return Array.from({ length: count }, (_, row) => ({
    prompt: { messages: [{ role: 'user', content: ask(questionOf(row), contextOf(row)) }] },
    answer: write(isThere(row) ? cityOf(row) : undefined, row),
  }))
}

function learned(rows: readonly RawCall[], options: LearnTaskOptions = {}): LearnedTask {
  const result = learnTask(rows, options)
  if (result.kind === 'refusal') throw new Error(result.message)
  return result
}

const writers: { readonly [name: string]: Write } = {
  'a plain quote': (answer) => answer ?? 'Not found',
  'after a heading': (answer) => `Answer: ${answer ?? 'not in the text'}`,
  'in quotation marks': (answer) => (answer === undefined ? 'Unanswerable.' : `"${answer}"`),
  'a field of JSON, or null': (answer) => JSON.stringify({ answer: answer ?? null }),
  'JSON that says whether it was found': (answer) =>
    JSON.stringify({ found: answer !== undefined, answer: answer ?? '' }, undefined, 2),
  'words that nobody knows': (answer) => answer ?? 'Keksdose',
}

describe('questions about a text are learned from calls', () => {
  for (const [name, write] of Object.entries(writers)) {
    test.each(Object.keys(prompts))(`answered by ${name}, with %s`, (prompt) => {
      const rows = calls(80, write, prompts[prompt]!)
      const task = learned(rows, name === 'words that nobody knows' ? { taskKind: 'question-answering' } : {})
      expect(task).toMatchObject({ taskKind: 'question-answering', space: { kind: 'answer' } })
      expect(task.examples).toHaveLength(80)
      for (const { call, input, output } of task.examples) {
        expect(input).toEqual({
          kind: 'question',
          question: questionOf(call),
          context: expect.stringContaining(cityOf(call)),
        })
        expect(output).toMatchObject(
          isThere(call) ? { kind: 'answer', span: { text: cityOf(call) } } : { kind: 'answer' },
        )
        expect(answerText(task.rendering, input, output)).toBe(rows[call]!.answer)
        const { slots } = matchTemplate(task.template, rows[call]!.prompt)!
        expect(inputOf({ kind: 'question-answering', template: task.template }, slots)).toEqual(input)
      }
    })
  }

  test('also about one document that all calls share, where the kind is said', () => {
    const document = cities.map((city, row) => `${people[row]} lives in ${city}.`).join(' ')
    const rows = Array.from({ length: 40 }, (_, row) => ({
      prompt: {
        messages: [
          { role: 'system', content: `Quote from this text. ${document}` },
          {
            role: 'user',
            content: [
              `Where does ${people[row % 5]} live (${row})?`,
              `${row}: tell me the city of ${people[row % 5]}`,
              `In which place would I meet ${people[row % 5]} on day ${row}`,
            ][row % 3]!,
          },
        ],
      },
      answer: cities[row % 5]!,
    }))
    const task = learned(rows, { taskKind: 'question-answering' })
    const [example] = task.examples
    expect(example!.input).toMatchObject({ question: 'Where does Ada Byron live (0)?' })
    expect(example!.output).toMatchObject({ kind: 'answer', span: { text: 'Paris' } })
  })

  test('and what is no quote is told, judged by and not trained on', () => {
    const task = learned(
      calls(100, (answer, row) => (row % 10 === 1 ? `It is near ${row}!` : (answer ?? 'Not found'))),
    )
    expect(task.examples.filter(({ output }) => output.kind === 'text')).toHaveLength(10)
    expect(task.notes.join(' ')).toMatch(
      /10 of 100 answers are no quote .*"Not there" is said as "Not found"/,
    )
  })

  test("and refused where most answers are the model's own words", () => {
    const rows = calls(80, (answer, row) => `I think, ${row}, that it was ${answer ?? 'nowhere'}, my friend.`)
    const result = learnTask(rows, { taskKind: 'question-answering' })
    expect(result).toMatchObject({ kind: 'refusal', reason: 'not-in-input' })
  })
})

describe('a quote', () => {
  const context = 'Nora paid 15 euros. Later Tom paid 5 euros to Ann. tom is happy.'
  test.each([
    ['5', 'What did Tom pay?', 35],
    ['Tom', 'Who is happy?', 26],
    ['tom is Happy.', '', 51],
    ['"Ann."', '', 46],
  ])('is found: %s', (text, question, start) => {
    expect(findQuote(context, question, text)).toMatchObject({ start })
  })

  test('is not found inside a word or number, nor where nothing like it stands', () => {
    expect(findQuote(context, '', 'or')).toBeUndefined()
    expect(findQuote(context, '', 'Tim')).toBeUndefined()
  })

  test('of several places is that nearest to the words of the question', () => {
    const twice = `In 1990 a bridge was built. ${'x '.repeat(200)} In 1990 the opera was opened.`
    expect(findQuote(twice, 'When was the opera opened?', '1990')!.start).toBeGreaterThan(400)
  })
})

test('"not there" is told from other answers', () => {
  for (const text of [
    'Not found.',
    'N/A',
    'The text does not mention it.',
    '未提及',
    'Keine Angabe',
    'unknown',
  ])
    expect(saysNotThere(text)).toBe(true)
  for (const text of ['Nothing Compares', 'Paris', 'no', '没有人', 'a known man'])
    expect(saysNotThere(text)).toBe(false)
})

describe('an answer is served', () => {
  const rendering = {
    kind: 'answer',
    found: { kind: 'json-value', before: '{"year": ', after: '}' },
    notThere: [],
  } as const
  const input: TaskInput = {
    kind: 'question',
    question: 'When?',
    context: 'mail a@example.org in 1999, about noon',
  }

  test('only where it quotes the text and can be read back', () => {
    const said = (start: number, end: number, text: string) =>
      answerText(rendering, input, { kind: 'answer', span: { start, end, text } })
    expect(said(22, 26, '1999')).toBe('{"year": 1999}')
    expect(said(22, 26, '1998')).toBeUndefined()
    expect(said(0, 0, '')).toBeUndefined()
    expect(said(28, 38, 'about noon')).toBeUndefined()
    expect(answerText(rendering, input, { kind: 'answer' })).toBeUndefined()
  })

  test('with what stands in the request, where the specialist saw it masked', () => {
    const plain = { kind: 'answer', found: { kind: 'text', before: '', after: '' }, notThere: [] } as const
    const span = { start: 5, end: 12, text: '[EMAIL]' }
    const said = originalOutput(input, { kind: 'answer', span })
    expect(answerText(plain, input, said)).toBe('a@example.org')
  })
})
