import { describe, expect, it } from 'vitest'
import { spansOf, temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const text = 'Ada lives in London'
const lines = (...objects: readonly unknown[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('')

describe('texts with labelled spans', () => {
  it.each([
    [
      'spans with offsets',
      {
        text,
        spans: [
          { start: 13, end: 19, label: 'LOC' },
          { start: 0, end: 3, label: 'PER' },
        ],
      },
    ],
    [
      'Prodigy',
      {
        text,
        spans: [
          { text: 'Ada', start: 0, end: 3, label: 'PER', token_start: 0 },
          { start: 13, end: 19, label: 'LOC' },
        ],
      },
    ],
    [
      'doccano, sequence labelling',
      {
        id: 1,
        text,
        label: [
          [0, 3, 'PER'],
          [13, 19, 'LOC'],
        ],
      },
    ],
    [
      'doccano, with relations',
      {
        text,
        entities: [
          { id: 1, label: 'PER', start_offset: 0, end_offset: 3 },
          { id: 2, label: 'LOC', start_offset: 13, end_offset: 19 },
        ],
        relations: [],
      },
    ],
    [
      'spaCy',
      [
        text,
        {
          entities: [
            [0, 3, 'PER'],
            [13, 19, 'LOC'],
          ],
        },
      ],
    ],
    [
      'Label Studio, small',
      {
        id: 7,
        text,
        label: [
          { start: 0, end: 3, text: 'Ada', labels: ['PER'] },
          { start: 13, end: 19, text: 'London', labels: ['LOC'] },
        ],
      },
    ],
    [
      'Label Studio, whole',
      {
        id: 7,
        data: { text },
        annotations: [
          {
            result: [
              { type: 'labels', value: { start: 0, end: 3, text: 'Ada', labels: ['PER'] } },
              { type: 'labels', value: { start: 13, end: 19, text: 'London', labels: ['LOC'] } },
              { type: 'choices', value: { choices: ['x'] } },
            ],
          },
        ],
      },
    ],
    [
      'a token classifier',
      {
        sentence: text,
        ents: [
          { entity: 'PER', word: 'Ada', start: 0, end: 3 },
          { entity: 'LOC', word: 'London', start: 13, end: 19 },
        ],
      },
    ],
  ])('are read as %s write them, on lines and in a document', async (_, object) => {
    for (const content of [lines(object, object), JSON.stringify([object, object], null, 1)]) {
      const source = await open('a.json', content)
      expect(source.format).toBe('spans')
      expect((await rows('a.json', content)).map(spansOf)).toEqual([
        [text, ['PER: Ada', 'LOC: London']],
        [text, ['PER: Ada', 'LOC: London']],
      ])
    }
  })

  it('may be without spans, and are left out where text or spans are missing', async () => {
    const found = await rows(
      'a.jsonl',
      lines({ text, spans: [[0, 3, 'PER']] }, { text, spans: [] }, { text: '', spans: [] }, { text }),
    )
    expect(found.map((row) => (row.kind === 'skipped' ? row.reason : spansOf(row)[1].length))).toEqual([
      1,
      0,
      'no input',
      'no output',
    ])
  })

  it('are not taken for rows with a list of labels', async () => {
    expect(
      (await open('a.jsonl', lines({ text, label: ['x'], note: 'y' }, { text, label: ['z'], note: 'y' })))
        .format,
    ).toBe('jsonl')
  })

  it('count in the unit that the quoted texts show', async () => {
    const fish = '🐟 Ada'
    const points = lines({ text: fish, spans: [{ start: 2, end: 5, label: 'PER', text: 'Ada' }] })
    const units = lines({ text: fish, spans: [{ start: 3, end: 6, label: 'PER', text: 'Ada' }] })
    expect((await open('a.jsonl', points)).description).toMatch(/offsets count code points/)
    expect((await open('a.jsonl', units)).description).toMatch(/offsets count UTF-16 units/)
    for (const content of [points, units])
      expect(spansOf((await rows('a.jsonl', content))[0])[1]).toEqual(['PER: Ada'])
  })

  it('without quoted texts ask what their offsets count where that matters', async () => {
    const content = lines({ text: 'Ada', spans: [[0, 3, 'PER']] }, { text: '🐟 Ada', spans: [[2, 5, 'PER']] })
    await expect(rows('a.jsonl', content)).rejects.toThrow(/line 2, span spans\[0\].*--offsets code-points/)
    expect(spansOf((await rows('a.jsonl', content, { offsets: 'code-points' }))[1])[1]).toEqual(['PER: Ada'])
    expect(spansOf((await rows('a.jsonl', content, { offsets: 'utf16' }))[1])[1]).toEqual(['PER:  Ad'])
  })

  it.each([
    [
      'overlapping spans',
      [
        [0, 9, 'A'],
        [4, 12, 'B'],
      ],
      /span spans\[1\]: it \(4 to 12, "lives in"\) overlaps spans\[0\]/,
    ],
    ['an offset past the end', [[13, 20, 'LOC']], /goes from 13 to 20, but the text has 19 characters/],
    ['a negative offset', [[-1, 3, 'PER']], /goes from -1 to 3/],
    ['half an offset', [[0.5, 3, 'PER']], /goes from 0.5 to 3/],
    ['an empty span', [[3, 3, 'PER']], /nothing stands in it/],
    [
      'a quote that stands elsewhere',
      [{ start: 0, end: 3, label: 'LOC', text: 'London' }],
      /quotes "London", but at 0 to 3 stands "Ada".*stands at 13 to 19/,
    ],
    [
      'a quote that stands nowhere',
      [{ start: 0, end: 3, label: 'LOC', text: 'Paris' }],
      /stands nowhere in the text/,
    ],
    ['something that is no span', [{ start: 0, label: 'LOC' }], /span spans\[0\]: it is no span/],
  ])('refuse %s by line and span', async (_, spans, problem) => {
    const content = lines({ text, spans: [[0, 3, 'PER']] }, { text, spans })
    await expect(rows('a.jsonl', content)).rejects.toMatchObject({
      code: 'data.span',
      message: expect.stringMatching(problem),
      details: { line: 2 },
    })
  })
})
