import { gzipSync } from 'node:zlib'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import { temporaryFiles } from './temporary-file.contract.ts'

const { open, rows } = temporaryFiles()
const texts = Array.from({ length: 3000 }, (_, at) => `wie schön ist 第${at}号 🐟`)
const columns: ColumnSource[] = [
  { name: 'text', data: texts, type: 'STRING' },
  { name: 'label', data: texts.map((_, at) => at % 3), type: 'INT32' },
]
const written = (more: object = {}, of: ColumnSource[] = columns): Uint8Array =>
  new Uint8Array(parquetWriteBuffer({ columnData: of, rowGroupSize: 1000, ...more }))

describe('Parquet', () => {
  it.each([
    ['SNAPPY', {}],
    ['UNCOMPRESSED', { codec: 'UNCOMPRESSED' }],
    [
      'GZIP',
      { codec: 'GZIP', compressors: { GZIP: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) } },
    ],
  ])('is read by the row group, compressed with %s', async (_, more) => {
    const source = await open('a.parquet', written(more))
    expect(source).toMatchObject({
      format: 'parquet',
      columns: ['text', 'label'],
      description: 'Parquet, 3 row groups',
    })
    const found = await rows('a.parquet', written(more))
    expect(found).toHaveLength(3000)
    expect(found[2999]).toEqual({ kind: 'record', line: 3000, values: [texts[2999], '2'] })
  })

  it('holds nested values, times and whole numbers of every size', async () => {
    const bytes = written({}, [
      { name: 'text', data: ['a', 'b'], type: 'STRING' },
      {
        name: 'meta',
        data: [
          { label: 'x', list: [1] },
          { label: 'y', list: [] },
        ],
        type: 'JSON',
      },
      { name: 'at', data: [new Date(0), new Date(1000)], type: 'TIMESTAMP' },
      { name: 'big', data: [2n ** 60n, 5n], type: 'INT64' },
    ])
    const source = await open('a.parquet', bytes)
    expect(source.columns).toEqual(['text', 'meta.label', 'at', 'big'])
    expect((await rows('a.parquet', bytes))[0]).toMatchObject({
      values: ['a', 'x', '1970-01-01T00:00:00.000Z', String(2n ** 60n)],
    })
  })

  it('may hold questions, spans and logs', async () => {
    const squad = written({}, [
      { name: 'context', data: ['Ada lives', 'Ada lives'], type: 'STRING' },
      { name: 'question', data: ['Who?', 'When?'], type: 'STRING' },
      {
        name: 'answers',
        data: [
          { text: ['Ada'], answer_start: [0] },
          { text: [], answer_start: [] },
        ],
        type: 'JSON',
      },
    ])
    expect((await open('a.parquet', squad)).format).toBe('squad')
    expect(await rows('a.parquet', squad)).toMatchObject([
      { output: { span: { text: 'Ada' } } },
      { output: { kind: 'answer' } },
    ])
  })

  it.each([
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 100), /cut short/],
    ['cut to its first bytes', (bytes: Uint8Array) => bytes.subarray(0, 6), /cut short/],
    [
      'with a hole in a row group',
      (bytes: Uint8Array) => bytes.with(2000, bytes[2000]! ^ 0xff).fill(0, 300, 9000),
      /row group 1 cannot be read/,
    ],
    [
      'with a broken index',
      (bytes: Uint8Array) => bytes.slice().fill(0xff, bytes.length - 60, bytes.length - 8),
      /index cannot be read/,
    ],
  ])('is refused %s', async (_, damage, problem) => {
    await expect(rows('a.parquet', damage(written()))).rejects.toMatchObject({
      code: 'data.parquet',
      message: expect.stringMatching(problem),
    })
  })

  it('is refused where it is said and is none, empty, or holds what cannot be kept', async () => {
    await expect(open('a.csv', 'text,label\na,b\n', { format: 'parquet' })).rejects.toMatchObject({
      code: 'data.parquet',
    })
    const empty = written({}, [{ name: 'text', data: [], type: 'STRING' }])
    await expect(open('a.parquet', empty)).rejects.toMatchObject({ code: 'data.empty' })
    const nul = written({}, [
      { name: 'text', data: ['a', 'b\0'], type: 'STRING' },
      { name: 'label', data: ['x', 'y'], type: 'STRING' },
    ])
    await expect(rows('a.parquet', nul)).rejects.toMatchObject({
      code: 'data.character',
      details: { line: 2 },
    })
  })
})
