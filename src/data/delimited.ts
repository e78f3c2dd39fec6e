/** Records of separated columns (CSV and its kin), parsed by Papa Parse piece by piece. */
import Papa from 'papaparse'
import { appError } from '../base/errors.ts'
import { type ReadOptions, type TextFile, textChunks } from './file-text.ts'
import { longestRecord, type RecordRow } from './reader.ts'

/** How the columns of a file are separated. */
export interface Dialect {
  readonly delimiter: string
  /** True: `"` around a field hides delimiters and line ends in it, and `""` in it is one quote (RFC 4180). */
  readonly quoted: boolean
  readonly newline: '\n' | '\r'
  /** True where lines end in CR LF: a CR at the end of the last field belongs to the line end. */
  readonly trimsReturn: boolean
}

interface ParseProblem {
  readonly code: string
  /** Record in which it is. */
  readonly row: number
  /** Just behind the quote that opened. */
  readonly index: number
}

interface Parsed {
  readonly data: string[][]
  readonly errors: readonly ParseProblem[]
  /** Where the first record that was not returned begins. */
  readonly cursor: number
}

/** The line ends of a file, judged by its beginning. */
export function lineEnds(text: string): Pick<Dialect, 'newline' | 'trimsReturn'> {
  if (text.includes('\n')) return { newline: '\n', trimsReturn: text.includes('\r\n') }
  return { newline: text.includes('\r') ? '\r' : '\n', trimsReturn: false }
}

/** Records of a text; without `final` the last one, which may go on, is left for later. */
export function parseRecords(
  text: string,
  dialect: Dialect,
  options: { readonly final: boolean; readonly most?: number },
): Parsed {
  const parser = new Papa.Parser({
    delimiter: dialect.delimiter,
    newline: dialect.newline,
    quoteChar: '"',
    fastMode: dialect.quoted ? undefined : true,
    ...(options.most === undefined ? {} : { preview: options.most }),
  })
  const { data, errors, meta } = parser.parse(text, 0, !options.final)
  if (dialect.trimsReturn) for (const record of data) trimReturn(record)
  return { data, errors, cursor: options.final ? text.length : meta.cursor }
}

/** All records of a file with the lines they begin on, blank lines left out; `width` fields each. */
export async function* readRecords(
  source: TextFile,
  layout: { readonly dialect: Dialect; readonly header: boolean; readonly width: number },
  options: ReadOptions = {},
): AsyncIterable<readonly RecordRow[]> {
  const { file } = source
  let pending = ''
  let line = 1
  let tryAt = 0
  let isHeader = layout.header
  const take = (final: boolean): readonly RecordRow[] => {
    const parsed = parseRecords(pending, layout.dialect, { final })
    refuseBrokenQuote(file, { text: pending, line, parsed, final })
    const numbered = numberRecords(parsed.data, { line, newline: layout.dialect.newline })
    for (const row of numbered.rows)
      if (row.values.length !== layout.width) refuseWidth(file, row, layout.width)
    line = numbered.nextLine
    pending = pending.slice(parsed.cursor)
    const rows = isHeader ? numbered.rows.slice(1) : numbered.rows
    isHeader &&= numbered.rows.length === 0
    return rows
  }
  for await (const chunk of textChunks(source, options)) {
    pending += chunk
    // A record longer than a piece is parsed again only when twice as much of it is there.
    if (pending.length < tryAt) continue
    const rows = take(false)
    if (rows.length > 0) yield rows
    tryAt = pending.length * 2
    if (pending.length > longestRecord)
      refuseLongRecord(file, { text: pending, line, dialect: layout.dialect })
  }
  if (pending !== '') yield take(true)
}

/** Records that are not blank with the lines they begin on, counted from `line`. */
export function numberRecords(
  records: readonly (readonly string[])[],
  from: { readonly line: number; readonly newline: string },
): { readonly rows: readonly RecordRow[]; readonly nextLine: number } {
  const rows: RecordRow[] = []
  let line = from.line
  for (const values of records) {
    if (values.length > 1 || values[0] !== '') rows.push({ kind: 'record', line, values })
    line += 1 + countNewlines(values, from.newline)
  }
  return { rows, nextLine: line }
}

function trimReturn(record: string[]): void {
  const last = record.length - 1
  const value = record[last]
  if (value?.endsWith('\r')) record[last] = value.slice(0, -1)
}

function countNewlines(values: readonly (string | undefined)[], newline: string): number {
  let count = 0
  for (const value of values)
    for (
      let at = value?.indexOf(newline) ?? -1;
      value !== undefined && at >= 0;
      at = value.indexOf(newline, at + 1)
    )
      count++
  return count
}

function refuseBrokenQuote(
  file: string,
  state: {
    readonly text: string
    readonly line: number
    readonly parsed: Parsed
    readonly final: boolean
  },
): void {
  const problem = state.parsed.errors[0]
  // In a record that may go on, a quote at the cut looks broken and is not.
  if (problem === undefined || (!state.final && problem.row >= state.parsed.data.length)) return
  const before = state.text.slice(0, problem.index - 1)
  const lineStart = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1
  throw appError('data.quote', {
    file,
    line: state.line + (before.match(/\r\n?|\n/g)?.length ?? 0),
    column: before.length - lineStart + 1,
    problem:
      problem.code === 'MissingQuotes'
        ? 'is never closed'
        : 'is not closed before a delimiter or the end of a line',
  })
}

function refuseWidth(file: string, row: RecordRow, width: number): void {
  const last = row.line + countNewlines(row.values, '\n')
  const begins = `the record begins with ${JSON.stringify(row.values[0]?.slice(0, 40) ?? '')}`
  throw appError('data.fields', {
    file,
    line: row.line,
    got: row.values.length,
    expected: width,
    problem:
      last > row.line ? `${begins} and ends on line ${last}: a quote that is not closed joins lines` : begins,
  })
}

function refuseLongRecord(
  file: string,
  record: { readonly text: string; readonly line: number; readonly dialect: Dialect },
): void {
  const parsed = parseRecords(record.text, record.dialect, { final: true })
  refuseBrokenQuote(file, { text: record.text, line: record.line, parsed, final: true })
  throw appError('data.record-too-long', {
    file,
    line: record.line,
    limit: `${longestRecord / 1024 / 1024} million characters`,
  })
}
