/**
 * Spans as files give them (offsets, a label, often the text that stands there) made spans of the text: units of the
 * offsets told by the quoted texts, and whatever does not fit refused.
 */
import { appError } from '../base/errors.ts'
import type { Span } from '../task/types.ts'

/** What offsets count: UTF-16 units (JavaScript, Java, C#) or code points (Python, Go's runes, Swift's scalars). */
export const offsetUnits = ['utf16', 'code-points'] as const
export type OffsetUnit = (typeof offsetUnits)[number]

/** A span as it stands in a file. */
export interface RawSpan {
  readonly start: number
  readonly end: number
  readonly label?: string
  /** The text that the file says stands there. */
  readonly quoted?: string
  /** Where it stands in its row, such as `entities[2]`. */
  readonly place: string
}

/** A text with the spans that a file gives for it. */
export interface RawText {
  readonly file: string
  readonly line: number
  readonly text: string
  readonly spans: readonly RawSpan[]
}

/** A text and where other texts are said to stand in it. */
export interface QuotedText {
  readonly text: string
  readonly spans: readonly Pick<RawSpan, 'start' | 'quoted'>[]
}

/** A half of a character beyond the basic plane, with which the two units part ways. */
const astral = /[\ud800-\udbff]/

/** The unit that the quoted texts of some rows show; `undefined` where both fit all of them. */
export function unitOf(rows: Iterable<QuotedText>): OffsetUnit | undefined {
  let [utf16, points] = [0, 0]
  for (const { text, spans } of rows) {
    if (!astral.test(text)) continue
    const offsets = unitOffsets(text)
    for (const { start, quoted } of spans) {
      if (quoted === undefined || start < 0) continue
      const fitsUtf16 = text.startsWith(quoted, start)
      const fitsPoints = text.startsWith(quoted, offsets[start] ?? text.length)
      if (fitsUtf16 && !fitsPoints) utf16++
      if (fitsPoints && !fitsUtf16) points++
    }
  }
  if (utf16 === points) return undefined
  return utf16 > points ? 'utf16' : 'code-points'
}

/** UTF-16 offset of each code point of a text, and its length. */
export function unitOffsets(text: string): readonly number[] {
  const offsets: number[] = []
  let at = 0
  for (const character of text) {
    offsets.push(at)
    at += character.length
  }
  offsets.push(at)
  return offsets
}

/**
 * The spans of a text in order. Throws `data.span` where one lies outside, is empty, overlaps another, quotes what does
 * not stand there, or where its offsets can be read in two ways.
 */
export function locateSpans(row: RawText, unit: OffsetUnit | undefined): readonly Span[] {
  const located = row.spans
    .map((raw) => ({ raw, span: locate(row, raw, unit) }))
    .sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end)
  for (let at = 1; at < located.length; at++) {
    const [before, next] = [located[at - 1]!, located[at]!]
    if (next.span.start >= before.span.end) continue
    throw spanError(row, next.raw, {
      problem: `it (${shown(next.span)}) overlaps ${before.raw.place} (${shown(before.span)})`,
      hint: 'Keep one of the two: the spans of a text must not overlap.',
    })
  }
  return located.map(({ span }) => span)
}

function locate(row: RawText, raw: RawSpan, unit: OffsetUnit | undefined): Span {
  const { text } = row
  const [start, end] = unitsOf(row, raw, unit)
  if (start >= end)
    throw spanError(row, raw, {
      problem: `it begins at ${raw.start} and ends at ${raw.end}, so nothing stands in it`,
      hint: 'The end is the offset behind the last character.',
    })
  const standing = text.slice(start, end)
  if (raw.quoted !== undefined && standing !== raw.quoted)
    throw spanError(row, raw, {
      problem: `it quotes ${short(raw.quoted)}, but at ${raw.start} to ${raw.end} stands ${short(standing)}`,
      hint: quoteHint(text, raw),
    })
  return { start, end, ...(raw.label !== undefined && { label: raw.label }), text: standing }
}

/** Start and end in UTF-16 units. */
function unitsOf(row: RawText, raw: RawSpan, unit: OffsetUnit | undefined): readonly [number, number] {
  const { text } = row
  const same = !astral.test(text)
  const read = same ? 'utf16' : (unit ?? unitOfSpan(row, raw))
  const length = read === 'utf16' ? text.length : [...text].length
  if (!Number.isInteger(raw.start) || !Number.isInteger(raw.end) || raw.start < 0 || raw.end > length)
    throw spanError(row, raw, {
      problem: `it goes from ${raw.start} to ${raw.end}, but the text has ${length} characters`,
      hint: 'Mend the offsets; they count from 0 to the end of the text.',
    })
  if (read === 'utf16') return [raw.start, raw.end]
  const offsets = unitOffsets(text)
  return [offsets[raw.start]!, offsets[raw.end]!]
}

/** The unit of one span in a text where units matter and the file did not show them. */
function unitOfSpan(row: RawText, raw: RawSpan): OffsetUnit {
  const before = row.text.slice(0, Math.max(0, raw.end))
  if (!astral.test(before)) return 'utf16'
  const unit = unitOf([{ text: row.text, spans: [raw] }])
  if (unit !== undefined || raw.quoted !== undefined) return unit ?? 'utf16'
  throw spanError(row, raw, {
    problem:
      'a character of two UTF-16 units (such as an emoji) stands before its end, and nothing shows whether the offsets count it once or twice',
    hint: 'Say --offsets code-points (as Python counts) or --offsets utf16 (as JavaScript and Java count).',
  })
}

function quoteHint(text: string, raw: RawSpan): string {
  const quoted = raw.quoted!
  const at = text.indexOf(quoted)
  if (quoted === '' || at < 0) return 'The quoted text stands nowhere in the text; mend it or the text.'
  if (text.indexOf(quoted, at + 1) >= 0)
    return 'The quoted text stands in several places; mend the offsets, or say --offsets where they count other units.'
  return `The quoted text stands at ${at} to ${at + quoted.length}; mend the offsets, or say --offsets where they count other units.`
}

function spanError(
  row: RawText,
  raw: RawSpan,
  what: { readonly problem: string; readonly hint: string },
): Error {
  return appError('data.span', { file: row.file, line: row.line, place: raw.place, ...what })
}

function shown({ start, end, text }: Span): string {
  return `${start} to ${end}, ${short(text)}`
}

function short(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
