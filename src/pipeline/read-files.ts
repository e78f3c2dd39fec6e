/** Labelled files and logs as masked examples, streamed; what `import`, `train --data` and `eval --data` read with. */
import { stat } from 'node:fs/promises'
import { appError, assert } from '../base/errors.ts'
import type { Progress, WorkOptions } from '../base/progress.ts'
import { plainName } from '../data/column-names.ts'
import { type ColumnChoice, chooseColumns, type SaidColumns } from '../data/columns.ts'
import type { RowPlace } from '../data/duplicates.ts'
import type { Example, ExampleSource } from '../data/example.ts'
import type { Row, RowSource, SaidLayout } from '../data/reader.ts'
import { openSource } from '../data/readers.ts'
import {
  callToExample,
  exampleRowToExample,
  type Mapped,
  type Mask,
  recordToExample,
} from '../data/to-example.ts'

export interface ReadFilesOptions extends WorkOptions {
  /** Applied to every text before anything is kept. */
  readonly mask: Mask
  /** What the user said about the files; what is absent is recognised. */
  readonly layout?: SaidLayout
  readonly columns?: SaidColumns
  /** Where the outputs come from; `gold` for labelled files and `teacher` for logged calls unless said. */
  readonly source?: ExampleSource
}

export interface OpenedFile {
  readonly source: RowSource
  /** Absent for logged calls. */
  readonly choice?: ColumnChoice
  readonly sizeBytes: number
  /** When the file was last written: no call in it is later. */
  readonly writtenMs: number
}

/** A row and what became of it. */
export interface ReadRow {
  readonly row: Row
  readonly place: RowPlace
  readonly mapped: Mapped
  /** True where personal data was masked in it. */
  readonly isMasked: boolean
}

/** Opens every file before the first is read, so that a wrong column of the last is known at once. */
export async function openFiles(
  files: readonly string[],
  options: Pick<ReadFilesOptions, 'layout' | 'columns'>,
): Promise<readonly OpenedFile[]> {
  const opened: OpenedFile[] = []
  for (const file of files) {
    const source = await openSource(file, {
      ...options.layout,
      ...(options.columns && { columns: options.columns }),
    })
    const choice = source.yields === 'record' ? chooseColumns(source, options.columns ?? {}) : undefined
    const { size, mtimeMs } = await stat(file)
    const next = { source, ...(choice && { choice }), sizeBytes: size, writtenMs: mtimeMs }
    if (opened[0] !== undefined) requireAlike(opened[0], next)
    opened.push(next)
  }
  return opened
}

/** The rows of opened files, some at a time, in order; progress counts the bytes of all files. */
export async function* readFiles(
  files: readonly OpenedFile[],
  options: ReadFilesOptions,
): AsyncIterable<{ readonly file: OpenedFile; readonly rows: readonly ReadRow[] }> {
  const total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  let [bytesBefore, rowsSoFar] = [0, 0]
  for (const file of files) {
    const rowsBefore = rowsSoFar
    const progress: Progress = ({ done }) =>
      options.progress?.({
        stage: 'reading',
        done: bytesBefore + done,
        total,
        detail: `${rowsSoFar.toLocaleString('en')} rows`,
      })
    const map = rowMapper(file, options)
    for await (const rows of file.source.read({
      ...(options.signal && { signal: options.signal }),
      progress,
    })) {
      rowsSoFar += rows.length
      yield { file, rows: rows.map(map) }
    }
    if (rowsSoFar === rowsBefore)
      throw appError('data.empty', { file: file.source.file, detail: ' below its header' })
    bytesBefore += file.sizeBytes
  }
}

/** All examples of labelled files in memory; rows without an input or an output are left out and counted. */
export async function loadExamples(
  files: readonly string[],
  options: ReadFilesOptions,
): Promise<{ readonly examples: readonly Example[]; readonly leftOut: number }> {
  const opened = await openFiles(files, options)
  const log = opened.find(({ source }) => source.yields === 'call')
  if (log !== undefined) throw appError('data.not-labelled', { file: log.source.file })
  const examples: Example[] = []
  let leftOut = 0
  for await (const { rows } of readFiles(opened, options)) {
    for (const { mapped } of rows) {
      if (mapped.kind === 'example') examples.push(mapped.example)
      else leftOut++
    }
  }
  return { examples, leftOut }
}

/** Files of one task give rows of one kind, and labelled rows out of columns of the same names. */
function requireAlike(first: OpenedFile, next: OpenedFile): void {
  const { file } = next.source
  if (kindName(first.source) !== kindName(next.source))
    throw appError('data.mixed-kinds', { file, got: kindName(next.source), expected: kindName(first.source) })
  const [expected, got] = [columnsText(first), columnsText(next)]
  if (plainName(expected) !== plainName(got)) throw appError('data.columns-differ', { file, got, expected })
}

function columnsText({ source, choice }: OpenedFile): string {
  if (choice === undefined) return ''
  return `"${source.columns[choice.input]}" and "${source.columns[choice.output]}"`
}

function kindName(source: RowSource): string {
  if (source.yields === 'example')
    return source.format === 'squad' ? 'questions with answers' : 'texts with spans'
  return source.yields === 'record' ? 'labelled rows' : 'logged calls'
}

function rowMapper(file: OpenedFile, options: ReadFilesOptions): (row: Row) => ReadRow {
  let isMasked = false
  const mask: Mask = (text) => {
    const masked = options.mask(text)
    if (masked !== text) isMasked = true
    return masked
  }
  const map = (row: Row): Mapped => {
    if (row.kind === 'skipped') return { kind: 'left-out', reason: row.reason }
    if (row.kind === 'call') return callToExample(row, { mask, source: options.source ?? 'teacher' })
    if (row.kind === 'example') return exampleRowToExample(row, { mask, source: options.source ?? 'gold' })
    assert(file.choice !== undefined, 'a record came from a source without columns')
    return recordToExample(row, { columns: file.choice, mask, source: options.source ?? 'gold' })
  }
  return (row) => {
    isMasked = false
    const mapped = map(row)
    const name = row.kind === 'record' ? undefined : row.name
    const place = { file: file.source.file, line: row.line }
    return { row, place: name === undefined ? place : { ...place, name }, mapped, isMasked }
  }
}
