/**
 * Labelled files and logged calls into the store: read, masked, reported, staged in small transactions, visible in one.
 * Whatever goes wrong, nothing of the import stays. Labelled rows become examples; logged calls become calls, from
 * which training learns the task's template and takes its examples.
 */
import { basename } from 'node:path'
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { TaskId } from '../base/ids.ts'
import type { ColumnChoice } from '../data/columns.ts'
import type { RowPlace } from '../data/duplicates.ts'
import type { RowSource } from '../data/reader.ts'
import { type DataReport, ReportBuilder } from '../data/report.ts'
import type { Mask } from '../data/to-example.ts'
import type { LedgerRow } from '../meter/ledger-row.ts'
import type { KeptCall, StagedImport, Store } from '../trace/store.ts'
import type { Call } from '../wire/call.ts'
import { callFromLog } from './logged-call.ts'
import { type OpenedFile, openFiles, type ReadFilesOptions, type ReadRow, readFiles } from './read-files.ts'

export interface ImportOptions extends ReadFilesOptions {
  readonly task: TaskId
  /** Masks every text in the JSON body of a logged call. */
  readonly maskBody: Mask
  /** Makes the ledger's row of a logged call. */
  readonly ledgerRow: (call: Call) => LedgerRow
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
  /** Rows that were not taken as they stand: what was mended or dropped in them. */
  readonly mended: readonly MendedRows[]
}

/** Rows that something was mended in, and which: all of them up to a thousand. */
export interface MendedRows {
  readonly what: string
  /** How often; one row may have several. */
  readonly count: number
  readonly places: readonly RowPlace[]
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
  const opened = await openFiles(files, options)
  const staged = await store.examples.stage(options.task, files.map((file) => basename(file)).join(', '))
  try {
    const { report, calls } = await readAndReport(opened, options, (batch) =>
      stageRows(staged, batch, options),
    )
    throwIfCancelled(options.signal, 'importing')
    return { report, stored: { ...(await staged.commit()), calls } }
  } catch (cause) {
    await staged.abort()
    throw cause
  }
}

/** Reads files as an import would and reports what they hold; keeps nothing. */
export async function reviewFiles(files: readonly string[], options: ImportOptions): Promise<ImportOutcome> {
  const { report } = await readAndReport(await openFiles(files, options), options)
  return { report }
}

/** Rows of one file, as they are read. */
export interface RowBatch {
  readonly file: OpenedFile
  readonly rows: readonly ReadRow[]
}

/** Reads files and reports what they hold; `take` is given the rows, some at a time. Throws where nothing is usable. */
export async function readAndReport(
  files: readonly OpenedFile[],
  options: ImportOptions,
  take?: (batch: RowBatch) => void | Promise<void>,
): Promise<{ readonly report: ImportReport; readonly calls: number }> {
  const builder = new ReportBuilder()
  const mended = new MendedCounter()
  const rowsOf = new Map<OpenedFile, number>()
  let [calls, maskedRows] = [0, 0]
  for await (const { file, rows } of readFiles(files, options)) {
    rowsOf.set(file, (rowsOf.get(file) ?? 0) + rows.length)
    for (const { row, mapped, place, isMasked } of rows) {
      if (row.kind === 'example') for (const what of row.mended ?? []) mended.add(what, place)
      if (mapped.kind === 'example') builder.addExample(mapped.example, place)
      else builder.addLeftOut(mapped.reason, place)
      if (isMasked) maskedRows++
    }
    calls += rows.filter(({ row }) => row.kind === 'call').length
    await take?.({ file, rows })
  }
  const reports = files.map((file) => fileReport(file, rowsOf.get(file) ?? 0))
  const report = {
    task: options.task,
    files: reports,
    maskedRows,
    mended: mended.report(),
    ...builder.report(),
  }
  if (report.examples === 0 && calls === 0) throw nothingUsable(report)
  return { report, calls }
}

async function stageRows(staged: StagedImport, batch: RowBatch, options: ImportOptions): Promise<void> {
  if (batch.file.source.yields !== 'call') {
    const examples = batch.rows.flatMap(({ mapped }) => (mapped.kind === 'example' ? [mapped.example] : []))
    return staged.add(examples)
  }
  const context = {
    task: options.task,
    file: basename(batch.file.source.file),
    writtenMs: batch.file.writtenMs,
    maskBody: options.maskBody,
  }
  const calls = batch.rows.flatMap(({ row }): KeptCall[] => {
    if (row.kind !== 'call') return []
    const call = callFromLog(row, context)
    return [{ call, ledger: options.ledgerRow(call) }]
  })
  return staged.addCalls(calls)
}

const mostPlaces = 1000

/** Counts what was mended, and keeps some places of each. */
class MendedCounter {
  readonly #found = new Map<string, { count: number; places: RowPlace[] }>()

  add(what: string, place: RowPlace): void {
    const entry = this.#found.get(what) ?? { count: 0, places: [] }
    entry.count++
    if (entry.places.length < mostPlaces) entry.places.push(place)
    this.#found.set(what, entry)
  }

  report(): readonly MendedRows[] {
    return [...this.#found].map(([what, entry]) => ({ what, ...entry }))
  }
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
    hint: report.files.some(({ chosen }) => chosen !== undefined)
      ? `${reasons}. Say which columns hold them with --input and --output.`
      : `${reasons}.`,
  })
}
