/** CSV: quoted columns separated by comma, semicolon, tab or bar (RFC 4180, the delimiter recognised). */
import { type Dialect, lineEnds, numberRecords, parseRecords, readRecords } from './delimited.ts'
import type { FileSample } from './file-text.ts'
import { columnNames, hasHeader } from './header.ts'
import { type FormatReader, previewRows, type Recognition, type SaidLayout } from './reader.ts'

const delimiterNames: { readonly [delimiter: string]: string } = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'bar',
}

export const csvReader: FormatReader = Object.freeze({
  format: 'csv',
  yields: 'record',
  recognise: (sample: FileSample, said: SaidLayout) => {
    const delimiters = said.delimiter === undefined ? candidates(sample, said) : [said.delimiter]
    const found = delimiters
      .map((delimiter) => recogniseDelimited('csv', sample, { delimiter, quoted: true }, said))
      .filter((recognition) => recognition !== undefined)
    return found.sort((a, b) => b.score - a.score)[0]
  },
})

/**
 * Recognises a file as columns separated in one way: the share of the first records that have the usual number of
 * fields, at least two. A name that says the format adds to the score.
 */
export function recogniseDelimited(
  format: 'csv' | 'tsv',
  sample: FileSample,
  separation: Pick<Dialect, 'delimiter' | 'quoted'>,
  said: SaidLayout,
): Recognition | undefined {
  const dialect: Dialect = { ...separation, ...lineEnds(sample.text) }
  const { data } = parseRecords(sample.text, dialect, { final: sample.whole, most: previewRows })
  const { rows } = numberRecords(data, { line: 1, newline: dialect.newline })
  const records = rows.map((row) => row.values.map((value) => value ?? ''))
  const width = usualWidth(records)
  if (width < 2) return undefined
  const share = records.filter((record) => record.length === width).length / records.length
  if (share < 0.5) return undefined
  const header = said.header ?? hasHeader(records.filter((record) => record.length === width))
  const columns = columnNames(header ? records[0]! : undefined, width)
  const name = delimiterNames[dialect.delimiter] ?? JSON.stringify(dialect.delimiter)
  const quotes = dialect.quoted ? (dialect.delimiter === '\t' ? ', with quotes' : '') : ', without quotes'
  return {
    score: 0.7 * share ** 4 + (nameFits(sample.file, dialect.delimiter) ? 0.1 : 0),
    source: {
      file: sample.file,
      format,
      yields: 'record',
      description: `${name}-separated${quotes}, ${header ? 'with' : 'without'} a header`,
      columns,
      preview: rows.slice(header ? 1 : 0),
      read: (options) => readRecords(sample.source, { dialect, header, width }, options),
    },
  }
}

/** True where quotes around the fields of a tab-separated text must mean something: one hides a quote, a tab or a line end. */
export function quotesMatter(sample: FileSample): boolean {
  if (!/(?:^|[\t\n\r])"/.test(sample.text)) return false
  const dialect: Dialect = { delimiter: '\t', quoted: true, ...lineEnds(sample.text) }
  const { data, errors } = parseRecords(sample.text, dialect, { final: sample.whole })
  if (errors.some((error) => sample.whole || error.row < data.length)) return false
  return sample.text.includes('""') || data.some((record) => record.some((value) => /[\t\n]/.test(value)))
}

function candidates(sample: FileSample, said: SaidLayout): readonly string[] {
  const withoutTab = [',', ';', '|']
  return said.format === 'csv' || quotesMatter(sample) ? ['\t', ...withoutTab] : withoutTab
}

function usualWidth(records: readonly (readonly string[])[]): number {
  const counts = new Map<number, number>()
  for (const record of records) counts.set(record.length, (counts.get(record.length) ?? 0) + 1)
  let best = 0
  for (const [width, count] of counts) if (count > (counts.get(best) ?? 0)) best = width
  return best
}

function nameFits(file: string, delimiter: string): boolean {
  return delimiter === '\t' ? /\.(tsv|tab)$/i.test(file) : /\.csv$/i.test(file)
}
