/**
 * Labelled files and logged calls into the store: read, masked, reported, staged in small transactions, visible in one.
 * Whatever goes wrong, nothing of the import stays.
 */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { appError, assert, throwIfCancelled } from '../base/errors.ts'
import type { TaskId } from '../base/ids.ts'
import type { Progress, WorkOptions } from '../base/progress.ts'
import { type ColumnChoice, chooseColumns, type SaidColumns } from '../data/columns.ts'
import type { Example, ExampleSource } from '../data/example.ts'
import type { CallRow, Row, RowSource, SaidLayout } from '../data/reader.ts'
import { openSource } from '../data/readers.ts'
import { type DataReport, ReportBuilder } from '../data/report.ts'
import {
  type CallMapping,
  callToExample,
  type Mapped,
  type Mask,
  recordToExample,
} from '../data/to-example.ts'
import type { KeptCall, LedgerRow, StagedImport, Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { callFromLog } from './logged-call.ts'

export interface ImportOptions extends WorkOptions {
  readonly task: TaskId
  readonly mask: Mask
  /** Makes the ledger's row of a logged call. */
  readonly ledgerRow: (call: Call) => LedgerRow
  /** What the user said about the files; what is absent is recognised. */
  readonly layout?: SaidLayout
  readonly columns?: SaidColumns
  /** Where the outputs come from; `gold` for labelled files and `teacher` for logged calls unless said. */
  readonly source?: ExampleSource
  /** The input in a prompt, where the task's template is known. */
  readonly inputOf?: CallMapping['inputOf']
}

/** How a file was understood. */
export interface FileReport {
  readonly file: string
  readonly format: RowSource['format']
  readonly description: string
  readonly columns: readonly string[]
  /** Names of the columns chosen; absent for logged calls. */
  readonly chosen?: {
    readonly input: string
    readonly output: string
    readonly group?: string
    readonly foundBy: ColumnChoice['foundBy']
  }
  readonly rows: number
}

export interface ImportReport extends DataReport {
  readonly task: TaskId
  readonly files: readonly FileReport[]
  /** Examples that something was masked in. */
  readonly maskedRows: number
}

export interface ImportOutcome {
  readonly report: ImportReport
  /** What is in the store now that was not before; absent where nothing was to be imported. */
  readonly stored?: { readonly added: number; readonly repeated: number; readonly calls: number }
}

/** Imports files into the store, all or nothing. */
export async function importFiles(
  store: Store,
  files: readonly string[],
  options: ImportOptions,
): Promise<ImportOutcome> {
  const opened = await openAll(files, options)
  const staged = await store.examples.stage(options.task, files.map((file) => basename(file)).join(', '))
  try {
    const { report, calls } = await readAll(opened, options, staged)
    throwIfCancelled(options.signal, 'importing')
    return { report, stored: { ...(await staged.commit()), calls } }
  } catch (cause) {
    await staged.abort()
    throw cause
  }
}

/** Reads files as an import would and reports what they hold; keeps nothing. */
export async function reviewFiles(files: readonly string[], options: ImportOptions): Promise<ImportOutcome> {
  const { report } = await readAll(await openAll(files, options), options, undefined)
  return { report }
}

interface OpenedFile {
  readonly source: RowSource
  readonly choice: ColumnChoice | undefined
  readonly sizeBytes: number
  /** When the file was last written: no call in it is later. */
  readonly writtenMs: number
}

/** Opens every file before the first is read, so that a wrong column of the last is known at once. */
async function openAll(files: readonly string[], options: ImportOptions): Promise<readonly OpenedFile[]> {
  const opened: OpenedFile[] = []
  for (const file of files) {
    const source = await openSource(file, options.layout)
    const first = opened[0]?.source
    if (first !== undefined && first.yields !== source.yields)
      throw appError('data.mixed-kinds', { file, got: kindName(source), expected: kindName(first) })
    const choice = source.yields === 'record' ? chooseColumns(source, options.columns ?? {}) : undefined
    const { size, mtimeMs } = await stat(file)
    opened.push({ source, choice, sizeBytes: size, writtenMs: mtimeMs })
  }
  return opened
}

function kindName(source: RowSource): string {
  return source.yields === 'record' ? 'labelled rows' : 'logged calls'
}

interface Reading {
  readonly options: ImportOptions
  readonly builder: ReportBuilder
  readonly staged: StagedImport | undefined
  calls: number
  maskedRows: number
}

async function readAll(
  files: readonly OpenedFile[],
  options: ImportOptions,
  staged: StagedImport | undefined,
): Promise<{ readonly report: ImportReport; readonly calls: number }> {
  const reading: Reading = { options, builder: new ReportBuilder(), staged, calls: 0, maskedRows: 0 }
  const total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const reports: FileReport[] = []
  let bytesBefore = 0
  for (const file of files) {
    const rowsBefore = reading.builder.rows
    await readFile(file, reading, progressFrom(reading, { bytesBefore, total }))
    const rows = reading.builder.rows - rowsBefore
    if (rows === 0) throw appError('data.empty', { file: file.source.file, detail: ' below its header' })
    reports.push(fileReport(file, rows))
    bytesBefore += file.sizeBytes
  }
  const { calls, maskedRows } = reading
  const report = { task: options.task, files: reports, maskedRows, ...reading.builder.report() }
  if (report.examples === 0 && calls === 0) throw nothingUsable(report)
  return { report, calls }
}

async function readFile(file: OpenedFile, reading: Reading, progress: Progress | undefined): Promise<void> {
  const { options, builder, staged } = reading
  let isMasked = false
  const mask: Mask = (text) => {
    const masked = options.mask(text)
    if (masked !== text) isMasked = true
    return masked
  }
  const map = rowMapper(file, options, mask)
  const read = { ...(options.signal && { signal: options.signal }), ...(progress && { progress }) }
  for await (const rows of file.source.read(read)) {
    const examples: Example[] = []
    for (const row of rows) {
      const place = { file: file.source.file, line: row.line }
      isMasked = false
      const mapped = map(row)
      if (mapped.kind === 'left-out') builder.addLeftOut(mapped.reason, place)
      else {
        examples.push(mapped.example)
        builder.addExample(mapped.example, place)
        if (isMasked) reading.maskedRows++
      }
    }
    await staged?.add(examples)
    const logged = rows.filter((row) => row.kind === 'call')
    reading.calls += logged.length
    if (staged !== undefined && logged.length > 0)
      await staged.addCalls(logged.map((row) => keptCall(row, file, options)))
  }
}

function rowMapper(file: OpenedFile, options: ImportOptions, mask: Mask): (row: Row) => Mapped {
  const inputOf = options.inputOf && { inputOf: options.inputOf }
  const { choice } = file
  return (row) => {
    if (row.kind === 'call')
      return callToExample(row, { mask, source: options.source ?? 'teacher', ...inputOf })
    assert(choice !== undefined, 'a record came from a source without columns')
    return recordToExample(row, { columns: choice, mask, source: options.source ?? 'gold' })
  }
}

function keptCall(row: CallRow, file: OpenedFile, options: ImportOptions): KeptCall {
  const call = callFromLog(row, {
    task: options.task,
    file: basename(file.source.file),
    writtenMs: file.writtenMs,
    mask: options.mask,
  })
  return { call, ledger: options.ledgerRow(call) }
}

function progressFrom(
  { options, builder }: Reading,
  bytes: { readonly bytesBefore: number; readonly total: number },
): Progress | undefined {
  const { progress } = options
  return (
    progress &&
    (({ done }) =>
      progress({
        stage: 'reading',
        done: bytes.bytesBefore + done,
        total: bytes.total,
        detail: `${builder.rows.toLocaleString('en')} rows`,
      }))
  )
}

function fileReport({ source, choice }: OpenedFile, rows: number): FileReport {
  const { file, format, description, columns } = source
  if (choice === undefined) return { file, format, description, columns, rows }
  const chosen = {
    input: columns[choice.input]!,
    output: columns[choice.output]!,
    ...(choice.group === undefined ? {} : { group: columns[choice.group]! }),
    foundBy: choice.foundBy,
  }
  return { file, format, description, columns, chosen, rows }
}

function nothingUsable(report: ImportReport): Error {
  const reasons = report.leftOut.map(({ reason, rows }) => `${rows} have ${reason}`).join(', ')
  return appError('data.nothing-usable', {
    rows: report.rows,
    file: report.files.map(({ file }) => file).join(', '),
    hint: `${reasons}. Say which columns hold them with --input and --output.`,
  })
}
