import { describe, expect, it } from 'vitest'
import { exampleOf, temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const context = 'Ada lives in London. London is large.'
const article = (qas: readonly unknown[], title?: string): unknown => ({
  ...(title && { title }),
  paragraphs: [{ context, qas }],
})
const squad = (...articles: readonly unknown[]): string =>
  JSON.stringify({ version: 'v2.0', data: articles }, null, 1)
const answer = (text: string, start: number): unknown => ({ text, answer_start: start })

describe('questions in the form of SQuAD', () => {
  it('give question, context, the answer most people gave and the others', async () => {
    const answers = [answer('London', 13), answer('in London', 10), answer('in London', 10)]
    const [row] = await rows('a.json', squad(article([{ id: 'q1', question: 'Where?', answers }], 'Ada')))
    expect(row).toMatchObject({
      name: 'q1',
      input: { kind: 'question', question: 'Where?', context },
      output: {
        kind: 'answer',
        span: { start: 10, end: 19, text: 'in London' },
        others: [{ start: 13, end: 19, text: 'London' }],
      },
      group: 'Ada',
    })
  })

  it('may be impossible to answer, in the form of v2.0 and of the hub', async () => {
    const impossible = {
      id: 'q',
      question: 'When?',
      is_impossible: true,
      answers: [],
      plausible_answers: [answer('Ada', 0)],
    }
    const hub = { id: 'q', title: 't', context, question: 'When?', answers: { text: [], answer_start: [] } }
    const known = { ...hub, answers: { text: ['London'], answer_start: [21] } }
    expect(exampleOf((await rows('a.json', squad(article([impossible]))))[0]).output).toEqual({
      kind: 'answer',
    })
    const lines = `${JSON.stringify(hub)}\n${JSON.stringify(known)}\n`
    expect((await open('a.jsonl', lines)).format).toBe('squad')
    expect((await rows('a.jsonl', lines)).map((row) => exampleOf(row).output)).toEqual([
      { kind: 'answer' },
      { kind: 'answer', span: { start: 21, end: 27, text: 'London' } },
    ])
  })

  it('keep the questions of one context together where there is no title', async () => {
    const found = await rows(
      'a.json',
      squad(
        article([{ question: 'A?', answers: [answer('Ada', 0)] }]),
        article([{ question: 'B?', answers: [answer('Ada', 0)] }]),
      ),
    )
    expect(new Set(found.map((row) => exampleOf(row).group)).size).toBe(1)
  })

  it('have wrong offsets mended where that is unambiguous, dropped where not, and both counted', async () => {
    const question = (text: string, start: number): unknown => ({
      question: `${text} ${start}?`,
      answers: [answer(text, start), answer('lives', 4)],
    })
    const found = await rows(
      'a.json',
      squad(article([question('Ada', 7), question('London', 1), question('Paris', -1)])),
    )
    expect(found.map((row) => exampleOf(row).mended?.[0])).toEqual([
      expect.stringContaining('moved there'),
      expect.stringContaining('stands several times in the context: dropped'),
      expect.stringContaining('does not stand in the context: dropped'),
    ])
    expect(found.map((row) => exampleOf(row).output)).toMatchObject([
      { span: { text: 'Ada', start: 0 } },
      { span: { text: 'lives' } },
      { span: { text: 'lives' } },
    ])
  })

  it('are left out where no answer is left, or none was given', async () => {
    const found = await rows(
      'a.json',
      squad(
        article([
          { question: 'A?', answers: [answer('Paris', 0)] },
          { question: 'B?', answers: [] },
          { question: ' ', answers: [answer('Ada', 0)] },
        ]),
      ),
    )
    expect(found.map((row) => row.kind === 'skipped' && row.reason)).toEqual([
      'no answer that stands in the context',
      'no output',
      'no input',
    ])
  })

  it('count offsets in the unit that the answers show', async () => {
    const fish = {
      paragraphs: [
        {
          context: `🐟🐟 ${context}`,
          qas: [
            { question: 'Who?', answers: [answer('Ada', 3)] },
            { question: 'Where?', answers: [answer('London', 16)] },
          ],
        },
      ],
    }
    const found = await rows('a.json', squad(fish))
    expect(found.map((row) => exampleOf(row).output)).toMatchObject([
      { span: { start: 5, text: 'Ada' } },
      { span: { start: 18, text: 'London' } },
    ])
  })
})

describe('questions in columns', () => {
  const csv = (...lines: readonly string[]): string =>
    ['id,question,context,answer,answer_start', ...lines].join('\n')

  it('are read from separated values and lines of JSON, with or without an offset', async () => {
    const text = csv(
      `1,Who?,"${context}",Ada,0`,
      `2,Where?,"${context}",London,21`,
      `3,What?,"${context}",is large,`,
      `4,When?,"${context}",,`,
    )
    const source = await open('q.csv', text)
    expect(source).toMatchObject({ format: 'squad', yields: 'example' })
    const found = await rows('q.csv', text)
    expect(found.map((row) => exampleOf(row).output)).toEqual([
      { kind: 'answer', span: { start: 0, end: 3, text: 'Ada' } },
      { kind: 'answer', span: { start: 21, end: 27, text: 'London' } },
      { kind: 'answer', span: { start: 28, end: 36, text: 'is large' } },
      { kind: 'answer' },
    ])
    expect(new Set(found.map((row) => exampleOf(row).group)).size).toBe(1)
    const lines = `${JSON.stringify({ Question: 'Who?', passage: context, answer: 'Ada', title: 'A' })}\n${JSON.stringify({ Question: 'When?', passage: context, answer: null })}\n`
    expect((await rows('q.jsonl', lines)).map((row) => exampleOf(row).output)).toEqual([
      { kind: 'answer', span: { start: 0, end: 3, text: 'Ada' } },
      { kind: 'answer' },
    ])
  })

  it('are mended only where that is unambiguous, and it is told', async () => {
    const text = csv(
      `1,Who?,"${context}",Ada,7`,
      `2,Where?,"${context}",London,3`,
      `3,Where?,"${context}",London,`,
      `4,When?,"${context}",not mentioned,`,
      `5,Who?,"${context}",Bob,0`,
    )
    const found = await rows('q.csv', text)
    expect(found.map(({ kind }) => kind)).toEqual(['example', 'skipped', 'skipped', 'example', 'skipped'])
    expect(found[0]).toMatchObject({
      mended: [expect.stringMatching(/moved there/)],
      output: { span: { start: 0 } },
    })
    expect(found[1]).toMatchObject({ name: '2', reason: 'no answer that stands in the context' })
    expect(found[3]).toMatchObject({
      output: { kind: 'answer' },
      mended: [expect.stringMatching(/in words/)],
    })
  })

  it('are labelled rows where the answers are no quotes, or other columns are said', async () => {
    const labels = 'question,context,answer\nIs it?,"Some text, long",yes\nIs it not?,"Other text",no\n'
    expect((await open('q.csv', labels)).format).toBe('csv')
    const quotes = `question,context,answer,topic\nWho?,"${context}",Ada,a\nWhere?,"${context}",London,b\n`
    expect((await open('q.csv', quotes)).format).toBe('squad')
    expect((await open('q.csv', quotes, { columns: { output: 'topic' } })).format).toBe('csv')
  })
})
