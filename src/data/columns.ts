/** Which column of a labelled file is the input, which the right output, and which the group. */
import { appError } from '../base/errors.ts'
import { inputNames, outputNames, plainName } from './column-names.ts'
import type { RecordRow, RowSource } from './reader.ts'

/** Columns named by the user; what is absent is recognised, and without a group column rows have no group. */
export interface SaidColumns {
  readonly input?: string
  readonly output?: string
  readonly group?: string
}

/** Positions of the columns in a row's values. */
export interface ColumnChoice {
  readonly input: number
  readonly output: number
  readonly group?: number
  /** How input and output were found: by the user's word, by a usual name, or by what stands in them. */
  readonly foundBy: { readonly input: FoundBy; readonly output: FoundBy }
}

export type FoundBy = 'said' | 'name' | 'values'

interface ColumnFacts {
  readonly at: number
  readonly meanLength: number
  readonly distinctShare: number
  /** 0..1, share of the rows that have a value that is not a number. */
  readonly wordShare: number
}

/** Chooses the columns of a source of records; a column that is not there or not clear is an error that lists them. */
export function chooseColumns(source: RowSource, said: SaidColumns): ColumnChoice {
  const facts = source.columns.map((_, at) => factsOf(source, at))
  const saidInput = said.input === undefined ? undefined : columnAt(source, said.input)
  const saidOutput = said.output === undefined ? undefined : columnAt(source, said.output)
  const group = said.group === undefined ? undefined : columnAt(source, said.group)
  const taken = [saidInput, saidOutput, group]
  const named = (names: readonly string[]): number | undefined => byName(source, names, taken)
  const output = firstOf([
    ['said', saidOutput],
    ['name', named(outputNames)],
    ['values', fewestValues(facts.filter((column) => !taken.includes(column.at)))],
  ])
  if (output === undefined) throw unclear(source, 'output')
  const input = firstOf([
    ['said', saidInput],
    ['name', byName(source, inputNames, [...taken, output.at])],
    ['values', longestText(facts.filter((column) => ![...taken, output.at].includes(column.at)))],
  ])
  if (input === undefined) throw unclear(source, 'input')
  return {
    input: input.at,
    output: output.at,
    ...(group === undefined ? {} : { group }),
    foundBy: { input: input.by, output: output.by },
  }
}

/** Chooses the column of the inputs alone, of a source whose records may have no output. */
export function chooseInput(source: RowSource, said: Pick<SaidColumns, 'input'>): number {
  if (said.input !== undefined) return columnAt(source, said.input)
  const facts = source.columns.map((_, at) => factsOf(source, at))
  const input = byName(source, inputNames, []) ?? longestText(facts)
  if (input === undefined) throw unclear(source, 'input')
  return input
}

/** Position of a column by its name, or by its number where no column has that name. */
function columnAt(source: RowSource, name: string): number {
  const exact = source.columns.indexOf(name)
  if (exact >= 0) return exact
  const alike = source.columns.findIndex((column) => plainName(column) === plainName(name))
  if (alike >= 0) return alike
  const nearest = nearestName(name, source.columns)
  throw appError('data.column-unknown', {
    file: source.file,
    column: name,
    nearest: nearest === undefined ? '' : `Did you mean "${nearest}"? `,
    columns: source.columns.join(', '),
  })
}

/** The name that needs the fewest edits, where fewer than half of the letters. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly edits: number } | undefined
  for (const candidate of names) {
    const edits = editDistance(plainName(name), plainName(candidate))
    if (edits * 2 <= Math.max(name.length, candidate.length) && edits < (best?.edits ?? Infinity))
      best = { name: candidate, edits }
  }
  return best?.name
}

/** Levenshtein's distance where two letters that changed places count once (optimal string alignment), a row at a time. */
function editDistance(a: string, b: string): number {
  let [above, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = isSwapped ? above[j - 2]! + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1, swap))
    }
    ;[above, row] = [row, next]
  }
  return row[b.length]!
}

function byName(
  source: RowSource,
  names: readonly string[],
  taken: readonly (number | undefined)[],
): number | undefined {
  for (const name of names) {
    const at = source.columns.findIndex(
      (column, position) => plainName(column) === name && !taken.includes(position),
    )
    if (at >= 0) return at
  }
  return undefined
}

function firstOf(
  found: readonly (readonly [FoundBy, number | undefined])[],
): { readonly by: FoundBy; readonly at: number } | undefined {
  for (const [by, at] of found) if (at !== undefined) return { by, at }
  return undefined
}

function factsOf(source: RowSource, at: number): ColumnFacts {
  const values = source.preview
    .filter((row): row is RecordRow => row.kind === 'record')
    .map((row) => row.values[at])
    .filter((value) => value !== undefined && value.trim() !== '')
  const count = Math.max(1, values.length)
  return {
    at,
    meanLength: values.reduce((sum, value) => sum + value!.length, 0) / count,
    distinctShare: new Set(values).size / count,
    wordShare: values.filter((value) => !Number.isFinite(Number(value))).length / count,
  }
}

/** The column of short texts that repeat most; absent where none repeats or two do alike. */
function fewestValues(facts: readonly ColumnFacts[]): number | undefined {
  const labels = facts
    .filter((column) => column.distinctShare <= 0.5 && column.meanLength > 0 && column.meanLength <= 80)
    .sort((a, b) => a.distinctShare - b.distinctShare)
  const [best, second] = labels
  if (best === undefined || second?.distinctShare === best.distinctShare) return undefined
  return best.at
}

/** The column of the longest texts; absent where there is none with words. */
function longestText(facts: readonly ColumnFacts[]): number | undefined {
  const texts = facts.filter((column) => column.wordShare > 0.5).sort((a, b) => b.meanLength - a.meanLength)
  return texts[0]?.at
}

function unclear(source: RowSource, role: 'input' | 'output'): Error {
  return appError('data.columns-unclear', { file: source.file, role, columns: source.columns.join(', ') })
}
