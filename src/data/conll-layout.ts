/** How the lines of a CoNLL file are laid out: a token or a sentence a line, which column is what; told by its beginning. */
import { appError } from '../base/errors.ts'
import type { FileSample } from './file-text.ts'
import { allLinesOf, isNotBlank, type Line } from './lines.ts'
import type { SaidLayout } from './reader.ts'
import { parseTag } from './tag-scheme.ts'

/** A token with its tag as they are written, and where: columns of the line, 1-based. */
export interface TaggedToken {
  readonly token: string
  readonly tag: string
  readonly line: number
  readonly column: number
}

/** Columns by position from 0. */
export type ConllLayout =
  /** A token a line, sentences parted by blank lines. */
  | {
      readonly kind: 'tokens'
      readonly separator: '\t' | ' '
      readonly width: number
      readonly token: number
      readonly tag: number
    }
  /** A sentence a line: its tokens in one column and its tags in another, both parted by spaces. */
  | { readonly kind: 'columns'; readonly token: number; readonly tag: number }
  /** A sentence a line: `token/TAG token/TAG`. */
  | { readonly kind: 'pairs'; readonly separator: string }

/** Lines by which a layout is told. */
const looked = 5000
/** Share of the lines that must fit. */
const fits = 0.95
const pairSeparators = ['/', '|', '###', '_']

/** The layout that a sample shows; `undefined` where its lines hold no tags. */
export function conllLayout(sample: FileSample, said: SaidLayout): ConllLayout | undefined {
  const lines = allLinesOf(sample).slice(0, looked)
  const filled = lines.filter(
    (line) => isNotBlank(line) && !isDocumentStart(line.text) && !isComment(line.text),
  )
  if (filled.length === 0) return undefined
  const hasBlank = lines.slice(0, -1).some((line) => !isNotBlank(line))
  return (
    sentenceColumns(filled) ??
    sentencePairs(filled) ??
    (hasBlank || said.format === 'conll' ? tokenLines(sample.file, filled, said) : undefined)
  )
}

/** `-DOCSTART-` begins a document in the files of CoNLL-2003 and is no token. */
export function isDocumentStart(text: string): boolean {
  return text.startsWith('-DOCSTART-')
}

function isComment(text: string): boolean {
  return text.startsWith('#') && parseTag(/\S+$/.exec(text.trimEnd())?.[0] ?? '') === undefined
}

/** The fields of a line; spaces may be repeated, tabs may not. */
export function fieldsOf(text: string, separator: '\t' | ' '): readonly string[] {
  return separator === '\t' ? text.split('\t') : text.trimEnd().split(/ +/)
}

/** A layout in words. */
export function layoutText(layout: ConllLayout): string {
  if (layout.kind === 'columns') return 'a sentence on each line, tokens and tags in two columns'
  if (layout.kind === 'pairs') return `a sentence on each line, token${layout.separator}TAG`
  const separator = layout.separator === '\t' ? 'tabs' : 'spaces'
  return `a token on each line, column ${layout.token + 1} by ${separator}, tag in column ${layout.tag + 1} of ${layout.width}`
}

function tokenLines(file: string, lines: readonly Line[], said: SaidLayout): ConllLayout | undefined {
  const tabbed = lines.filter(({ text }) => text.includes('\t')).length
  const separator = tabbed >= lines.length * 0.5 ? '\t' : ' '
  const rows = lines.map(({ text }) => fieldsOf(text, separator))
  const width = usual(rows.map((row) => row.length))
  if (width < 2) return undefined
  const regular = rows.filter((row) => row.length === width)
  const columns = { file, width, isSaid: said.format === 'conll' }
  const tag = saidColumn(said.columns?.output, columns) ?? tagColumn(regular, width)
  if (tag === undefined) return undefined
  const token = saidColumn(said.columns?.input, columns) ?? tokenColumn(regular, tag)
  return { kind: 'tokens', separator, width, token, tag }
}

/** The last column whose values are tags, with a span among them. */
function tagColumn(rows: readonly (readonly string[])[], width: number): number | undefined {
  for (let column = width - 1; column >= 0; column--) {
    const tags = rows.map((row) => parseTag(row[column]!))
    const good = tags.filter((tag) => tag !== undefined)
    if (good.length >= rows.length * fits && good.some((tag) => tag.mark !== 'O')) return column
  }
  return undefined
}

/** The first column that is not the tag and does not just count the tokens. */
function tokenColumn(rows: readonly (readonly string[])[], tag: number): number {
  const first = tag === 0 ? 1 : 0
  const counts = rows.every((row) => /^\d+(?:[-.]\d+)?$/.test(row[first]!))
  const next = first + 1 === tag ? first + 2 : first + 1
  return counts && next < (rows[0]?.length ?? 0) ? next : first
}

function saidColumn(
  said: string | undefined,
  { file, width, isSaid }: { readonly file: string; readonly width: number; readonly isSaid: boolean },
): number | undefined {
  if (said === undefined) return undefined
  const column = Number(said)
  if (Number.isInteger(column) && column >= 1 && column <= width) return column - 1
  // A name is that of another format's column, unless the file is said to be CoNLL, whose columns have none.
  if (!isSaid) return undefined
  const columns = Array.from({ length: width }, (_, at) => at + 1).join(', ')
  throw appError('data.column-unknown', { file, column: said, nearest: '', columns })
}

function sentenceColumns(lines: readonly Line[]): ConllLayout | undefined {
  const rows = lines.map(({ text }) => text.split('\t'))
  if (rows.filter((row) => row.length === 2).length < rows.length * fits) return undefined
  for (const tag of [1, 0]) {
    const token = 1 - tag
    const good = rows.filter((row) => {
      const tags = words(row[tag] ?? '')
      return tags.length === words(row[token] ?? '').length && tags.every((text) => parseTag(text))
    })
    const hasSpans = good.some((row) => words(row[tag]!).some((text) => text !== 'O'))
    const isSentence = good.some((row) => words(row[tag]!).length > 1)
    if (good.length >= rows.length * fits && hasSpans && isSentence) return { kind: 'columns', token, tag }
  }
  return undefined
}

function sentencePairs(lines: readonly Line[]): ConllLayout | undefined {
  for (const separator of pairSeparators) {
    const good = lines.filter(({ text }) => words(text).every((pair) => splitPair(pair, separator)))
    const hasSpans = good.some(({ text }) => words(text).some((pair) => !pair.endsWith(`${separator}O`)))
    const isSentence = good.some(({ text }) => words(text).length > 1)
    if (good.length >= lines.length * fits && hasSpans && isSentence) return { kind: 'pairs', separator }
  }
  return undefined
}

/** A token and its tag, parted at the last separator that leaves a tag. */
export function splitPair(pair: string, separator: string): readonly [string, string] | undefined {
  const at = pair.lastIndexOf(separator)
  if (at <= 0) return undefined
  const tag = pair.slice(at + separator.length)
  return parseTag(tag) === undefined ? undefined : [pair.slice(0, at), tag]
}

/** What spaces part. */
export function words(text: string): readonly string[] {
  return text.split(/ +/).filter((word) => word !== '')
}

function usual(numbers: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1)
  let best = 0
  for (const [number, count] of counts) if (count > (counts.get(best) ?? 0)) best = number
  return best
}
