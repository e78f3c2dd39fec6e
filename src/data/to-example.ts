/** Turns rows of files into examples; personal data is masked here, before anything is kept. */
import { assert } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { tryParseJson } from '../base/json.ts'
import type { Span, TaskInput, TaskOutput } from '../task/types.ts'
import { type MaskedSpan, maskText } from '../text/masking.ts'
import type { ColumnChoice } from './columns.ts'
import type { Example, ExampleSource } from './example.ts'
import { exampleId } from './example-set.ts'
import type { CallRow, ExampleRow, RecordRow } from './reader.ts'

/** Replaces personal data and secrets in a text; the same text where there are none. */
export type Mask = (text: string) => string

/** What an example's row gave, or why it gives none. */
export type Mapped =
  | { readonly kind: 'example'; readonly example: Example }
  | { readonly kind: 'left-out'; readonly reason: string }

export interface RecordMapping {
  readonly columns: ColumnChoice
  readonly mask: Mask
  readonly source: ExampleSource
}

/** A record of a labelled file: a text and its label. White space around a label is no part of it. */
export function recordToExample(row: RecordRow, mapping: RecordMapping): Mapped {
  const text = row.values[mapping.columns.input]
  const label = row.values[mapping.columns.output]?.trim()
  if (text === undefined || text.trim() === '') return { kind: 'left-out', reason: 'no input' }
  if (label === undefined || label === '') return { kind: 'left-out', reason: 'no output' }
  const group = mapping.columns.group === undefined ? undefined : row.values[mapping.columns.group]
  const input: TaskInput = { kind: 'text', text: mapping.mask(text) }
  const example: Example = {
    id: exampleId(input),
    input,
    output: { kind: 'labels', labels: [mapping.mask(label)] },
    source: mapping.source,
    weight: 1,
    ...(group === undefined || group === '' ? {} : { group: maskedGroup(group, mapping.mask) }),
  }
  return { kind: 'example', example }
}

export type CallMapping = Pick<RecordMapping, 'mask' | 'source'>

/** A text with its spans, or a question with its answer: masked, the spans moved to where they stand in the masked text. */
export function exampleRowToExample(row: ExampleRow, mapping: CallMapping): Mapped {
  const masked = maskedPair(row, mapping.mask)
  if (masked === undefined)
    return { kind: 'left-out', reason: 'a span that begins or ends inside masked personal data' }
  const example: Example = {
    id: exampleId(masked.input),
    ...masked,
    source: mapping.source,
    weight: 1,
    ...(row.group === undefined ? {} : { group: maskedGroup(row.group, mapping.mask) }),
  }
  return { kind: 'example', example }
}

function maskedPair(
  { input, output }: ExampleRow,
  mask: Mask,
): Pick<Example, 'input' | 'output'> | undefined {
  assert(input.kind !== 'chat', 'a row that is an example as it stands has a text or a question')
  const original = input.kind === 'text' ? input.text : input.context
  const text = mask(original)
  const plain: TaskInput =
    input.kind === 'text'
      ? { kind: 'text', text }
      : { ...input, question: mask(input.question), context: text }
  if (text === original) return { input: plain, output }
  const masked = maskText(original)
  assert(masked.text === text, 'texts with spans are masked by text/masking.ts')
  const spans = spansOf(output)
  const moved = spans.flatMap((span) => movedSpan(span, masked) ?? [])
  return moved.length < spans.length ? undefined : { input: plain, output: withSpans(output, moved) }
}

function spansOf(output: TaskOutput): readonly Span[] {
  if (output.kind === 'spans') return output.spans
  return output.kind === 'answer' ? [output.span ?? [], output.others ?? []].flat() : []
}

function withSpans(output: TaskOutput, spans: readonly Span[]): TaskOutput {
  if (output.kind === 'spans') return { kind: 'spans', spans }
  const [span, ...others] = spans
  if (output.kind !== 'answer' || span === undefined) return output
  return { kind: 'answer', span, ...(others.length > 0 && { others }) }
}

/** The span in the masked text; absent where one of its ends lies inside a masked piece. */
function movedSpan(
  { start, end, label }: Span,
  masked: { readonly text: string; readonly spans: readonly MaskedSpan[] },
): Span | undefined {
  let [from, to] = [start, end]
  for (const { original, masked: placeholder } of masked.spans) {
    const cuts = (at: number): boolean => at > original.start && at < original.end
    if (cuts(start) || cuts(end)) return undefined
    const shift = placeholder.end - original.end
    if (start >= original.end) from = start + shift
    if (end >= original.end) to = end + shift
  }
  return { start: from, end: to, ...(label !== undefined && { label }), text: masked.text.slice(from, to) }
}

/**
 * A logged call: the whole conversation and what the upstream answered.
 * Which part of it is the task's input only its template knows, and that is learned from the kept calls in training.
 */
export function callToExample(row: CallRow, mapping: CallMapping): Mapped {
  if (row.unusable !== undefined || row.prompt === undefined || row.answer === undefined)
    return { kind: 'left-out', reason: row.unusable ?? 'no output' }
  const messages = row.prompt.messages.map(({ role, content }) => ({ role, content: mapping.mask(content) }))
  const input: TaskInput = { kind: 'chat', messages }
  const example: Example = {
    id: exampleId(input),
    input,
    output: textOutput(mapping.mask(row.answer)),
    source: mapping.source,
    weight: 1,
  }
  return { kind: 'example', example }
}

function textOutput(text: string): TaskOutput {
  const json = /^\s*[{["]/.test(text) ? tryParseJson(text) : undefined
  return { kind: 'text', text, ...(json === undefined ? {} : { json }) }
}

/** A group that is personal, such as a mail address, is kept as a digest: groups must stay apart, names need not stay. */
function maskedGroup(group: string, mask: Mask): string {
  return mask(group) === group ? group : `group-${sha256(group).slice(0, 24)}`
}
