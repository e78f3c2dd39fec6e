import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allRows } from './reader.contract.ts'
import type { RowSource, SaidLayout } from './reader.ts'
import { formatNames, openSource } from './readers.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shoal-separated-'))
})
afterAll(() => rm(folder, { recursive: true }))

const put = async (content: string, name = 'data.txt', said?: SaidLayout): Promise<RowSource> => {
  const file = join(folder, name)
  await writeFile(file, content)
  return openSource(file, said)
}
const valuesOf = async (source: RowSource): Promise<readonly (readonly (string | undefined)[])[]> =>
  (await allRows(source)).map((row) => (row.kind === 'record' ? row.values : []))
const repeat = (lines: readonly string[], times: number): string =>
  Array.from({ length: times }, () => lines.join('\n')).join('\n')

describe('separated columns', () => {
  it.each([
    [',', 'comma-separated'],
    [';', 'semicolon-separated'],
    ['|', 'bar-separated'],
    ['\t', 'tab-separated, without quotes'],
  ])('recognise %j', async (delimiter, words) => {
    const source = await put(
      `text${delimiter}label\nis it so?${delimiter}yes\nit is "not" so${delimiter}no\n`,
    )
    expect(source.description).toBe(`${words}, with a header`)
    expect(await valuesOf(source)).toEqual([
      ['is it so?', 'yes'],
      ['it is "not" so', 'no'],
    ])
  })

  it('prefer the delimiter that all lines have alike', async () => {
    const source = await put('text;label\nwell, yes;a\nno;b\nso, so, so;a\n')
    expect(source.columns).toEqual(['text', 'label'])
  })

  it('are read without quotes where that is said', async () => {
    const source = await put('text;label\n"no" way;b\n"so;a\n', 'data.txt', { format: 'tsv', delimiter: ';' })
    expect(await valuesOf(source)).toEqual([
      ['"no" way', 'b'],
      ['"so', 'a'],
    ])
  })

  it('have a header where a name is usual or a column never repeats its first value', async () => {
    expect((await put('text;label_name\ni am glad;joy\n')).columns).toEqual(['text', 'label_name'])
    const unusual = `kunde,art\n${repeat(['ich will mein Geld zurück,A', 'wo ist mein Paket,B'], 6)}`
    expect((await put(unusual)).columns).toEqual(['kunde', 'art'])
  })

  it('have no header where the first label comes again', async () => {
    const source = await put(repeat(['ham\tare you there', 'spam\twin now', 'ham\tyes I am'], 4))
    expect(source.columns).toEqual(['1', '2'])
    expect(await allRows(source)).toHaveLength(12)
  })

  it('have a header or none where that is said', async () => {
    const rows = repeat(['ham\tare you there', 'spam\twin now'], 4)
    expect((await put(rows, 'a.tsv', { header: true })).columns).toEqual(['ham', 'are you there'])
    expect((await put(`text,label\na,b\n`, 'a.csv', { header: false })).columns).toEqual(['1', '2'])
  })

  it('of tabs keep quotes, but for a file that needs them', async () => {
    const plain = await put('sentence\tlabel\n"wow" he said\t1\n"so long\t0\n', 'sst.tsv')
    expect([plain.format, ...(await valuesOf(plain))]).toEqual([
      'tsv',
      ['"wow" he said', '1'],
      ['"so long', '0'],
    ])
    const quoted = await put('text\tlabel\n"he said ""hi"""\tA\nplain\tB\n"two\nlines"\tA\n', 'excel.tsv')
    expect([quoted.format, ...(await valuesOf(quoted))]).toEqual([
      'csv',
      ['he said "hi"', 'A'],
      ['plain', 'B'],
      ['two\nlines', 'A'],
    ])
  })

  it('count the lines inside quotes', async () => {
    const source = await put('text,label\n"a\nb\nc",x\n\nd,y\n"e\r\nf",x\ng,y\n', 'lines.csv')
    expect((await allRows(source)).map((row) => row.line)).toEqual([2, 6, 7, 9])
    expect(source.preview.map((row) => row.line)).toEqual([2, 6, 7, 9])
  })

  it('with a quote that opens in row 70,000 and is closed too late name the line where it opened', async () => {
    const rows = Array.from({ length: 80_000 }, (_, at) => `"a text, number ${at}",label${at % 7}`)
    rows[69_999] = '"a text without an end,label1'
    await expect(allRows(await put(`text,label\n${rows.join('\n')}\n`, 'broken.csv'))).rejects.toMatchObject({
      code: 'data.quote',
      details: { line: 70_001, column: 1 },
    })
  })

  it('with a quote that is never closed name where it opened, even at the end of a large file', async () => {
    const rows = Array.from({ length: 80_000 }, (_, at) => `a text number ${at},label${at % 7}`)
    rows[69_999] = 'a text,"label1'
    await expect(allRows(await put(`text,label\n${rows.join('\n')}\n`, 'open.csv'))).rejects.toMatchObject({
      code: 'data.quote',
      details: { line: 70_001, column: 8, problem: 'is never closed' },
    })
  })

  it('with a quote that opens at once and nothing but lines after it are refused in a moment', async () => {
    const start = performance.now()
    const source = await put(`text,label\n"${'some text here, label\n'.repeat(150_000)}`, 'lines.csv')
    await expect(allRows(source)).rejects.toMatchObject({
      code: 'data.quote',
      details: { line: 2, column: 1 },
    })
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('with another number of fields name the line', async () => {
    const text = 'text,label\na,x\nb,y\nc, d,x\n'
    await expect(allRows(await put(text, 'wide.csv'))).rejects.toMatchObject({
      code: 'data.fields',
      details: { line: 4, got: 3, expected: 2 },
    })
  })

  it('that are no columns are refused with the formats', async () => {
    await expect(put('just a text\nand another\n')).rejects.toMatchObject({
      code: 'data.format-unknown',
      details: { formats: formatNames.join(', ') },
    })
  })

  it('come back as they were written', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 }).map((value) => value.replace(/[\r\0]/g, ''))
    const records = fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(
      records,
      fc.constantFrom(',', ';', '|', '\t'),
      async (rows, delimiter) => {
        const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`
        const lines = [['text', 'label', 'more'], ...rows].map((row) => row.map(quote).join(delimiter))
        const said = { format: 'csv', delimiter, header: true } as const
        const source = await put(`${lines.join('\n')}\n`, 'round.csv', said)
        expect(await valuesOf(source)).toEqual(rows)
      },
    )
    await fc.assert(property, { numRuns: 150, seed: 1 })
  })
})
