/** An import whose rows are looked at first: findings, the user's decisions about them, then what is left goes into the store. */
import { basename } from 'node:path'
import { appError, throwIfCancelled } from '../base/errors.ts'
import type { RowPlace } from '../data/duplicates.ts'
import type { Example } from '../data/example.ts'
import { type DataFindings, findInData } from '../eval/data-findings.ts'
import type { Store } from '../trace/store.ts'
import { applyFixes, type RowFixes } from './fix-rows.ts'
import { type ImportOptions, type ImportOutcome, type ImportReport, readAndReport } from './import.ts'
import { openFiles } from './read-files.ts'

/** Rows of files in memory, each with its place. */
export interface PlacedRows {
  readonly examples: readonly Example[]
  readonly places: readonly RowPlace[]
}

/** What was decided, and by whom. */
export interface Decision extends RowFixes {
  /** `human` where a person looked at each label that is changed, else `synthetic`. */
  readonly relabelledBy: 'human' | 'synthetic'
}

export interface FixedImport extends ImportOutcome {
  readonly dropped: readonly RowPlace[]
  readonly relabelled: readonly { readonly place: RowPlace; readonly from: string; readonly to: string }[]
}

export interface FixedImportOptions extends ImportOptions {
  readonly seed: number
  /** Asked once, with all that was found. */
  readonly decide: (rows: PlacedRows, findings: DataFindings) => Promise<Decision>
}

/** Reads, looks, asks, and imports what is left, all or nothing; without a store nothing is kept. */
export async function importFixed(
  store: Store | undefined,
  files: readonly string[],
  options: FixedImportOptions,
): Promise<FixedImport> {
  const { report, rows } = await readPlaced(files, options)
  const findings = await findInData(rows.examples, options)
  const decision = await options.decide(rows, findings)
  const examples = applyFixes(rows.examples, decision, decision.relabelledBy)
  throwIfCancelled(options.signal, 'importing')
  const stored = store && (await keep(store, { files, examples }, options))
  return {
    report,
    ...(stored && { stored: { ...stored, calls: 0 } }),
    dropped: [...decision.drop].sort((a, b) => a - b).map((row) => rows.places[row]!),
    relabelled: [...decision.relabel].map(([row, to]) => ({
      place: rows.places[row]!,
      from: labelOf(rows.examples[row]!),
      to,
    })),
  }
}

/** Labelled rows with their places, and the report; logged calls cannot be mended, since they are kept as they were. */
async function readPlaced(
  files: readonly string[],
  options: ImportOptions,
): Promise<{ readonly report: ImportReport; readonly rows: PlacedRows }> {
  const opened = await openFiles(files, options)
  const log = opened.find(({ source }) => source.yields === 'call')
  if (log) throw appError('data.not-labelled', { file: log.source.file })
  const examples: Example[] = []
  const places: RowPlace[] = []
  const { report } = await readAndReport(opened, options, (batch) => {
    for (const { mapped, place } of batch.rows) {
      if (mapped.kind !== 'example') continue
      examples.push(mapped.example)
      places.push(place)
    }
  })
  return { report, rows: { examples, places } }
}

async function keep(
  store: Store,
  { files, examples }: { readonly files: readonly string[]; readonly examples: readonly Example[] },
  { task }: ImportOptions,
): Promise<{ readonly added: number; readonly repeated: number }> {
  const staged = await store.examples.stage(task, files.map((file) => basename(file)).join(', '))
  try {
    await staged.add(examples)
    return await staged.commit()
  } catch (cause) {
    await staged.abort()
    throw cause
  }
}

function labelOf({ output }: Example): string {
  return output.kind === 'labels' ? output.labels.join(', ') : ''
}
