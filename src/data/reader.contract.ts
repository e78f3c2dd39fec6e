/** What every format reader must do, run by `readers.test.ts` on each. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import type { Row, RowSource, SaidLayout } from './reader.ts'
import { openSource } from './readers.ts'

export interface ReaderCase {
  readonly reader: Pick<RowSource, 'format' | 'yields'>
  /** Name of a file of the format. */
  readonly name: string
  /** Writes records whose texts hold no delimiters; the label is one of `yes` and `no`. */
  write(rows: readonly { readonly text: string; readonly label: string }[]): string | Uint8Array
  /** The text and the label of a row that was read. */
  read(row: Row): readonly [string | undefined, string | undefined]
  /** The line on which a record stands, counted from 0, is read. */
  lineOf(at: number): number
  /** Why the tests of a text's bytes do not apply: the format is no text. */
  readonly isNoText?: string
  /** Why a single text of ten million characters is not read. */
  readonly noLongText?: string
}

const rows = Array.from({ length: 40 }, (_, at) => ({
  text: `wie schön ist 第${at}号 🐟 ${'x'.repeat(at + 1)}`,
  label: at % 3 === 0 ? 'yes' : 'no',
}))

/** All rows of a source in one list. */
export async function allRows(
  source: RowSource,
  options: Parameters<RowSource['read']>[0] = {},
): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const some of source.read(options)) found.push(...some)
  return found
}

/** The suite. */
export function readerContract(subject: ReaderCase): void {
  let folder = ''
  const put = async (content: string | Uint8Array, said?: SaidLayout): Promise<RowSource> => {
    const file = join(folder, subject.name)
    await writeFile(file, content)
    return openSource(file, said)
  }
  const expected = rows.map(({ text, label }) => [text, label])
  const text = (): string => {
    const written = subject.write(rows)
    if (typeof written !== 'string') throw new Error('a format that is no text is tested as if it were')
    return written
  }
  const itOfTexts = subject.isNoText === undefined ? it : it.skip
  const itOfLongTexts = subject.noLongText === undefined ? it : it.skip

  describe(`the ${subject.reader.format} reader`, () => {
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'shoal-reader-'))
    })
    afterAll(() => rm(folder, { recursive: true }))

    it('recognises its own format before all others', async () => {
      const source = await put(subject.write(rows))
      expect(source.format).toBe(subject.reader.format)
      expect(source.yields).toBe(subject.reader.yields)
      expect(source.preview.map(subject.read).slice(0, 20)).toEqual(expected.slice(0, 20))
    })

    it('reads every row with the line it stands on', async () => {
      const found = await allRows(await put(subject.write(rows)))
      expect(found.map(subject.read)).toEqual(expected)
      expect(found.map((row) => row.line)).toEqual(rows.map((_, at) => subject.lineOf(at)))
    })

    it('reads the same whatever the size of the pieces', async () => {
      const source = await put(subject.write(rows))
      for (const chunkBytes of [1, 7, 1000])
        expect((await allRows(source, { chunkBytes })).map(subject.read)).toEqual(expected)
    })

    itOfTexts(
      'reads CR LF, a byte order mark, blank lines at the end and a last line without an end',
      async () => {
        const plain = text()
        const windows = plain.replaceAll('\n', '\r\n')
        for (const variant of [windows, `\ufeff${plain}`, `${plain}\n\n`, plain.trimEnd()])
          expect((await allRows(await put(variant))).map(subject.read)).toEqual(expected)
      },
    )

    itOfTexts('reads UTF-16 of both orders, with and without a byte order mark', async () => {
      for (const mark of ['\ufeff', '']) {
        const little = Buffer.from(mark + text(), 'utf16le')
        for (const bytes of [little, Buffer.from(little).swap16()]) {
          const source = await put(bytes)
          expect((await allRows(source)).map(subject.read)).toEqual(expected)
          for (const chunkBytes of [61])
            expect((await allRows(source, { chunkBytes })).map(subject.read)).toEqual(expected)
        }
      }
    })

    itOfTexts('names the line of half a character in UTF-16', async () => {
      const broken = text().replace('🐟', '\ud83d')
      const before = broken.slice(0, broken.indexOf('\ud83d'))
      await expect(put(Buffer.from(`\ufeff${broken}`, 'utf16le'))).rejects.toMatchObject({
        code: 'data.encoding',
        details: { line: before.split('\n').length },
      })
    })

    itOfTexts('reads Windows-1252 where it is said', async () => {
      const ascii = rows.map(({ text, label }) => ({ text: text.replace(/[第号🐟]/gu, 'y'), label }))
      const written = subject.write(ascii)
      if (typeof written !== 'string') throw new Error('no text')
      const bytes = Buffer.from(written, 'latin1')
      await expect(put(bytes)).rejects.toThrow(/the byte 0xF6 is not UTF-8.*--encoding latin1/)
      const found = await allRows(await put(bytes, { encoding: 'latin1' }))
      expect(found.map(subject.read)).toEqual(ascii.map(({ text, label }) => [text, label]))
    })

    itOfTexts('names the line and the byte that is not UTF-8', async () => {
      const lines = text().split('\n')
      const bytes = Buffer.from(lines.join('\n'))
      const at = Buffer.byteLength(`${lines.slice(0, 19).join('\n')}\n`) + 4
      bytes[at] = 0xff
      await expect(put(bytes)).rejects.toMatchObject({
        code: 'data.encoding',
        details: { line: 20, column: 5, problem: 'the byte 0xFF is not UTF-8' },
      })
    })

    itOfTexts('refuses a NUL byte, naming the place', async () => {
      const line = text()
        .split('\n')
        .findIndex((candidate) => candidate.includes('第7号'))
      await expect(put(text().replace('第7号', '第\0号'))).rejects.toMatchObject({
        code: 'data.encoding',
        details: { line: line + 1 },
      })
    })

    itOfTexts('refuses an empty file and one of blank lines', async () => {
      await expect(put('')).rejects.toMatchObject({ code: 'data.empty' })
      await expect(put('\n \n\r\n')).rejects.toMatchObject({ code: 'data.empty' })
    })

    it('stops where the signal says so', async () => {
      const source = await put(subject.write(rows))
      const stopping = new AbortController()
      const reading = async (): Promise<void> => {
        for await (const _ of source.read({ chunkBytes: 64, signal: stopping.signal })) stopping.abort()
      }
      await expect(reading()).rejects.toSatisfy(
        (error) => error instanceof AppError && error.code === 'cancelled',
      )
    })

    it('counts bytes as progress', async () => {
      const written = subject.write(rows)
      const seen: number[] = []
      await allRows(await put(written), { chunkBytes: 256, progress: ({ done }) => seen.push(done) })
      expect(seen.at(-1)).toBe(Buffer.byteLength(written))
      expect(seen.length).toBeGreaterThan(3)
    })

    itOfLongTexts('reads a single text of ten million characters', async () => {
      const long = { text: 'a b c d '.repeat(1_250_000), label: 'yes' }
      const found = await allRows(await put(subject.write([...rows, long, ...rows])))
      expect(found).toHaveLength(81)
      expect(subject.read(found[40]!)[0]).toHaveLength(10_000_000)
      expect(subject.read(found[80]!)).toEqual(expected[39])
    })
  })
}
