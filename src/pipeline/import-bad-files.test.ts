import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { importFixture, jsonLinesOf as lines } from './import-fixture.contract.ts'

const { task, store, put, bring, calls } = importFixture()

describe('bad input', () => {
  const good = 'Ada\tB-PER\nruns\tO\n\n'
  const spans = (list: unknown): string =>
    lines({ text: 'Ada runs', spans: [[0, 3, 'PER']] }, { text: 'Ada runs far', spans: list })
  const parquet = new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'text', data: ['a', 'b'], type: 'STRING' },
        { name: 'label', data: ['x', 'y'], type: 'STRING' },
      ],
    }),
  )

  it.each([
    [
      'a Parquet file cut short',
      'b.parquet',
      parquet.subarray(0, parquet.length - 9),
      'data.parquet',
      /cut short/,
    ],
    [
      'a CoNLL line of three columns among two',
      'b.conll',
      `${good.repeat(2000)}Bo\tB-PER\tx\n`,
      'data.conll',
      /line 6001, column 1: 3 columns/,
    ],
    [
      'tags that break their scheme',
      'b.conll',
      `${good.repeat(2000)}Bo\tI-PER\n`,
      'data.conll',
      /line 6001, column 4: .*--repair-tags/,
    ],
    [
      'overlapping spans',
      'b.jsonl',
      spans([
        [0, 8, 'A'],
        [4, 12, 'B'],
      ]),
      'data.span',
      /line 2, span spans\[1\].*overlaps/,
    ],
    [
      'an offset past the end',
      'b.jsonl',
      spans([[4, 13, 'A']]),
      'data.span',
      /line 2, span spans\[0\].*12 characters/,
    ],
    [
      'a quote that stands elsewhere',
      'b.jsonl',
      spans([{ start: 0, end: 3, label: 'A', text: 'runs' }]),
      'data.span',
      /line 2.*stands at 4 to 8/,
    ],
    ['an empty file', 'b.jsonl', '', 'data.empty', /the file is empty/],
    [
      'bytes of another encoding',
      'b.csv',
      Buffer.from(`text,label\n${'a,x\n'.repeat(30_000)}sch\xf6n,y\n`, 'latin1'),
      'data.encoding',
      /line 30002, byte 4.*--encoding latin1/,
    ],
    [
      'a line without end',
      'b.csv',
      `text,label\n${'a,x\n'.repeat(30)}"${'b'.repeat(34_000_000)}`,
      'data.quote',
      /line 32, column 1/,
    ],
    [
      'a first line without end',
      'b.jsonl',
      `{"text": "${'b'.repeat(34_000_000)}`,
      'data.record-too-long',
      /line 1/,
    ],
    [
      'a line without end below others',
      'b.jsonl',
      `{"text": "a", "label": "x"}\n{"text": "${'b'.repeat(34_000_000)}`,
      'data.record-too-long',
      /line 2/,
    ],
    [
      'a log without texts',
      'b.jsonl',
      lines({ call_type: 'acompletion', startTime: 1, messages: {}, response: {} }),
      'data.nothing-usable',
      /1 have no messages in the log \(LiteLLM keeps them with store_prompts_in_spend_logs\)\.$/,
    ],
    [
      'a document cut short',
      'b.json',
      '[{"text": "a", "label": "x"},\n{"text": "b"',
      'data.json',
      /line 2.*cut short/,
    ],
  ])('as %s is named, and nothing of the import stays', async (_, name, content, code, message) => {
    const first = name.endsWith('.conll') ? await put('a.conll', good.repeat(3000)) : undefined
    const file = await put(name, content)
    await expect(bring(first === undefined ? [file] : [first, file])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
    expect(await store().examples.count(task)).toBe(0)
    expect(await calls()).toEqual([])
  })

  it('as files of different columns or kinds for one task is refused before a row is read', async () => {
    const rows = (header: string): string => `${header}\n${'a text,x\nanother,y\n'.repeat(20)}`
    const [a, b] = [await put('a.csv', rows('text,label')), await put('b.csv', rows('body,category'))]
    await expect(bring([a, b])).rejects.toThrow(
      /"body" and "category" were taken.*before it "text" and "label".*--input and --output/,
    )
    await expect(bring([a, b], { columns: { input: 'text', output: 'label' } })).rejects.toMatchObject({
      code: 'data.column-unknown',
      details: { file: b },
    })
    const questions = await put(
      'q.json',
      JSON.stringify({
        data: [
          {
            paragraphs: [
              { context: 'Ada', qas: [{ question: 'Who?', answers: [{ text: 'Ada', answer_start: 0 }] }] },
            ],
          },
        ],
      }),
    )
    const tagged = await put('t.conll', good)
    await expect(bring([tagged, questions])).rejects.toThrow(
      /holds questions with answers but the files before it hold texts with spans/,
    )
    await expect(bring([a, tagged])).rejects.toMatchObject({ code: 'data.mixed-kinds' })
    expect(await store().examples.count(task)).toBe(0)
  })
})
