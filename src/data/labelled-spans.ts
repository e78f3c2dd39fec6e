/** Texts with labelled spans, an object each, in the shapes that `span-shapes.ts` knows. */
import { appError } from '../base/errors.ts'
import { locateSpans, type OffsetUnit, type QuotedText, unitOf } from './locate-spans.ts'
import type { ObjectAt } from './objects.ts'
import type { Row, SaidLayout } from './reader.ts'
import type { RowShape } from './row-shape.ts'
import { hasSpans, type SpanMembers, spanRecord } from './span-shapes.ts'

/** Share of the first objects that must have spans for the shape to be told; a text may have none. */
const fewest = 0.05

export const spansShape: RowShape = Object.freeze({
  format: 'spans',
  yields: 'example',
  recognise: (first: readonly ObjectAt[], said: SaidLayout) => {
    const { input, output } = said.columns ?? {}
    const members: SpanMembers = {
      ...(input !== undefined && { input }),
      ...(output !== undefined && { output }),
    }
    const having = first.filter(({ value }) => hasSpans(value, members)).length
    if (having === 0 || (having < first.length * fewest && said.format !== 'spans')) return undefined
    const unit = said.offsets ?? unitOf(textsOf(first, members))
    return {
      score: 0.94,
      description: `a text with labelled spans${unit === undefined ? '' : ` (offsets count ${unitName[unit]})`}`,
      rows: (object: ObjectAt, file: string) => [
        rowOf(object, file, { members, unit, group: said.columns?.group }),
      ],
    }
  },
})

const unitName: { readonly [U in OffsetUnit]: string } = {
  utf16: 'UTF-16 units',
  'code-points': 'code points',
}

function textsOf(objects: readonly ObjectAt[], members: SpanMembers): readonly QuotedText[] {
  return objects.flatMap(({ value }) => {
    const { text, spans } = spanRecord(value, members)
    return text === undefined || spans === undefined ? [] : [{ text, spans }]
  })
}

function rowOf(
  { line, value }: ObjectAt,
  file: string,
  reading: {
    readonly members: SpanMembers
    readonly unit: OffsetUnit | undefined
    readonly group: string | undefined
  },
): Row {
  const { text, spans, name, wrong } = spanRecord(value, reading.members)
  const common = { line, ...(name !== undefined && { name }) }
  if (wrong !== undefined)
    throw appError('data.span', {
      file,
      line,
      place: wrong,
      problem: 'it is no span',
      hint: 'Write {"start": 0, "end": 4, "label": "NAME"} or [0, 4, "NAME"].',
    })
  if (text === undefined || text.trim() === '') return { kind: 'skipped', ...common, reason: 'no input' }
  if (spans === undefined) return { kind: 'skipped', ...common, reason: 'no output' }
  const group = reading.group === undefined ? undefined : value[reading.group]
  return {
    kind: 'example',
    ...common,
    input: { kind: 'text', text },
    output: { kind: 'spans', spans: locateSpans({ file, line, text, spans }, reading.unit) },
    ...((typeof group === 'string' || typeof group === 'number') && { group: String(group) }),
  }
}
