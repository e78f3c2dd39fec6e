// The examples of an extraction as texts whose units have tags.
import type { ExampleId } from '../../../base/ids.ts'
import type { Example } from '../../../data/example.ts'
import type { TagScheme, TokenSpan } from '../../../model/crf/tag-scheme.ts'
import type { NumberedSpan } from '../../nano/extraction/corpus.ts'
import type { ReadText } from './read-text.ts'

/** One example. */
export interface TaggedRow {
  readonly example: ExampleId
  readonly text: ReadText
  /** Of each unit. */
  readonly tags: Uint8Array
  /** Spans that can be told by whole units; what else the example has is `lost`. */
  readonly wanted: readonly TokenSpan[]
  readonly lost: number
  readonly weight: number
}

/** Tags a text by its spans, which are in order and do not overlap; `all` counts those that were left out too. */
export function tagRow(
  { id, weight }: Example,
  text: ReadText,
  {
    spans,
    all,
    scheme,
  }: { readonly spans: readonly NumberedSpan[]; readonly all: number; readonly scheme: TagScheme },
): TaggedRow {
  const covered: TokenSpan[] = []
  const wanted: TokenSpan[] = []
  for (const span of spans) {
    const found = unitsOf(text, span)
    // Two spans inside one unit cannot both be told: the first is.
    if (!found || found.first <= (covered.at(-1)?.last ?? -1)) continue
    covered.push(found)
    if (text.starts[found.first] === span.start && text.ends[found.last] === span.end) wanted.push(found)
  }
  const tags = new Uint8Array(text.starts.length)
  scheme.encode(covered, tags)
  return { example: id, text, tags, wanted, lost: all - wanted.length, weight }
}

/** Units that a span covers, also those that it covers in part. */
function unitsOf({ starts, ends }: ReadText, { start, end, label }: NumberedSpan): TokenSpan | undefined {
  let first = 0
  while (first < ends.length && ends[first]! <= start) first++
  let last = first
  while (last + 1 < starts.length && starts[last + 1]! < end) last++
  return first < starts.length && starts[first]! < end ? { first, last, label } : undefined
}
