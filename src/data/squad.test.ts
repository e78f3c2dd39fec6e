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
