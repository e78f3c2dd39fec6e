/** What `shoal import` prints: the report of the files for people, and as JSON. */
import pc from 'picocolors'
import type { Json } from '../base/json.ts'
import type { ColumnChoice, FoundBy } from '../data/columns.ts'
import type { DuplicateReport, RowPlace } from '../data/duplicates.ts'
import type { FileReport, ImportOutcome, ImportReport } from '../pipeline/import.ts'
import type { FixedImport } from '../pipeline/import-fixed.ts'
import { formatTable } from './terminal.ts'

const shownLabels = 10
const shownPlaces = 5

/** The outcome as one JSON document. */
export function importJson(outcome: ImportOutcome): Json {
  const { report, stored } = outcome
  return JSON.parse(JSON.stringify({ ...report, dryRun: stored === undefined, ...(stored && { stored }) }))
}

/** The outcome of an import with `--fix` as one JSON document. */
export function fixedJson(outcome: FixedImport): Json {
  const { report, stored, dropped, relabelled } = outcome
  const fixed = { dropped, relabelled }
  return JSON.parse(
    JSON.stringify({ ...report, dryRun: stored === undefined, ...(stored && { stored }), fixed }),
  )
}

/** What `--fix` did, as text. */
export function fixedText({ dropped, relabelled }: FixedImport): string {
  const changes = relabelled
    .slice(0, shownPlaces)
    .map((change) => `  ${place(change.place)}: ${change.from} → ${change.to}`)
  const more = relabelled.length > changes.length ? ['  …'] : []
  return [
    `${rowsText(dropped.length)} dropped, ${rowsText(relabelled.length)} relabelled${dropped.length + relabelled.length > 0 ? ' (--json lists them all)' : ''}.`,
    ...changes,
    ...more,
  ].join('\n')
}

/** The outcome as text. */
export function importText(outcome: ImportOutcome): string {
  const { report, stored } = outcome
  return [
    ...report.files.map(fileText),
    '',
    countsText(report),
    ...labelsText(report),
    ...spansText(report),
    ...answersText(report),
    ...leftOutText(report),
    ...mendedText(report),
    ...duplicatesText(report.duplicates),
    ...report.warnings.map((warning) => `${pc.yellow('note')} ${warning}`),
    '',
    stored === undefined
      ? 'Nothing was imported (--dry-run).'
      : `Imported into ${report.task}: ${storedText(stored)}. Next: shoal train ${report.task}`,
  ].join('\n')
}

function storedText(stored: NonNullable<ImportOutcome['stored']>): string {
  if (stored.calls > 0) return `${number(stored.calls)} calls`
  const repeated =
    stored.repeated > 0 ? ` (${rowsText(stored.repeated)} already there or repeated, stored once)` : ''
  return `${number(stored.added)} new examples${repeated}`
}

function fileText(file: FileReport): string {
  const head = `${pc.bold(file.file)}  ${file.format}: ${file.description}, ${rowsText(file.rows)}`
  const { chosen } = file
  if (chosen === undefined) return head
  const group = chosen.group === undefined ? '' : `, group: ${chosen.group}`
  return `${head}
  input: ${chosen.input}${foundText(chosen.foundBy.input)}, output: ${chosen.output}${foundText(chosen.foundBy.output)}${group}  ${pc.dim(`of ${file.columns.join(', ')}`)}`
}

function foundText(by: ColumnChoice['foundBy']['input']): string {
  const texts: { readonly [by in FoundBy]: string } = {
    said: '',
    name: ' (by its name)',
    values: ' (guessed from its values)',
  }
  return texts[by]
}

function countsText(report: ImportReport): string {
  const { lengths } = report
  const masked = report.maskedRows > 0 ? `; personal data masked in ${number(report.maskedRows)}` : ''
  return `${number(report.examples)} examples of ${rowsText(report.rows)}; inputs of ${number(lengths.shortest)} to ${number(lengths.longest)} characters, half up to ${number(lengths.median)}${masked}`
}

function labelsText({ labels, examples }: ImportReport): readonly string[] {
  const shown = labels.counts.slice(0, shownLabels)
  const more = labels.distinct - shown.length
  const rows = shown.map(({ label, count }) => [
    `  ${label.replace(/\s+/g, ' ').slice(0, 60)}`,
    number(count),
    `${((100 * count) / examples).toFixed(1)}%`,
  ])
  if (rows.length === 0 || labels.uncounted > 0) return []
  return [
    `${number(labels.distinct)} different outputs`,
    formatTable(rows, { right: [1, 2] }),
    ...(more > 0 ? [`  and ${number(more)} more`] : []),
  ]
}

function spansText({ spans }: ImportReport): readonly string[] {
  if (spans === undefined) return []
  const rows = spans.labels.map(({ label, count }) => [
    `  ${label}`,
    number(count),
    `${((100 * count) / spans.total).toFixed(1)}%`,
  ])
  return [
    `${number(spans.total)} spans with ${number(spans.labels.length)} labels; ${rowsText(spans.emptyRows)} without any`,
    ...(rows.length > 0 ? [formatTable(rows, { right: [1, 2] })] : []),
  ]
}

function answersText({ answers }: ImportReport): readonly string[] {
  if (answers === undefined) return []
  const { inContext, notInContext, several } = answers
  return [
    `${number(inContext)} questions with an answer in their context (${number(several)} with several), ${number(notInContext)} without`,
  ]
}

function leftOutText({ leftOut }: ImportReport): readonly string[] {
  return leftOut.map(
    ({ reason, rows, samples }) =>
      `${rowsText(rows)} left out: ${reason} (${samples.map(place).join(', ')}${rows > samples.length ? ', …' : ''})`,
  )
}

function mendedText({ mended }: ImportReport): readonly string[] {
  return mended.map(({ what, count, places }) => {
    const shown = places.slice(0, shownPlaces).map(place).join(', ')
    return `${pc.yellow('note')} ${number(count)} × ${what} (${shown}${count > shownPlaces ? ', …; all with --json' : ''})`
  })
}

function duplicatesText(duplicates: DuplicateReport): readonly string[] {
  if (duplicates.rows === 0) return []
  const [twins] = duplicates.samples
  const repeated = `${rowsText(duplicates.rows)} ${duplicates.rows === 1 ? 'repeats' : 'repeat'} an input${twins ? `, as ${place(twins.second)} repeats ${place(twins.first)}` : ''}`
  const contradictions = duplicates.contradictions
    .slice(0, 3)
    .map((found) => `  ${place(found.second)} contradicts ${place(found.first)}`)
  return [repeated, ...contradictions]
}

function place({ file, line, name }: RowPlace): string {
  return `${file}:${line}${name === undefined ? '' : ` (${name})`}`
}

function rowsText(rows: number): string {
  return rows === 1 ? '1 row' : `${number(rows)} rows`
}

function number(value: number): string {
  return value.toLocaleString('en')
}
