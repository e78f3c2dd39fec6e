// Makes texts with spans ready for training a tagger.
import { joinFloats, joinIntegers } from '../../../base/typed-arrays.ts'
import { createGrowingCodeIndex } from '../../../model/crf/code-index.ts'
import type { TagScheme, TokenSpan } from '../../../model/crf/tag-scheme.ts'
import type { TaggedTexts } from '../../../model/crf/tagger-trainer.ts'
import type { StaticEmbedding } from '../../../model/static-embedding.ts'
import { createTokenBuffer, type TokenBuffer, type Tokeniser } from '../../../text/tokens.ts'
import { createDenseInputs, type DenseInputs } from './dense-inputs.ts'
import { createFeatureBuffer, extractTokenFeatures, type FeatureMode } from './token-features.ts'

/** A span of a text with its label's number, in UTF-16 units. */
export interface NumberedSpan {
  readonly start: number
  readonly end: number
  readonly label: number
}

/** Texts with their spans, in order and without overlaps, by row number. */
export interface SpannedTexts {
  readonly texts: readonly string[]
  readonly spans: readonly (readonly NumberedSpan[])[]
  readonly weights: Float32Array
  /** Rows with the same number stay together. */
  readonly groups: Int32Array
}

/** How texts are read. */
export interface Reading {
  readonly tokeniser: Tokeniser
  readonly mode: FeatureMode
  readonly axes: number
  /** Features in fewer tokens than this have no weights. */
  readonly leastCount: number
}

/** A corpus: tagged texts, and what reads further texts in the same way. */
export interface TaggedCorpus extends TaggedTexts {
  /** Code of each feature row. */
  readonly codes: Int32Array
  /** Features of each text, also those without weights. */
  readonly featureTotals: Int32Array
  readonly inputMean: Float32Array
  readonly inputScale: number
}

/** The text in lower case, unit for unit. */
export function lowerUnits(text: string): string {
  const lower = text.toLowerCase()
  if (lower.length === text.length) return lower
  return Array.from({ length: text.length }, (_, at) => {
    const unit = text[at]!.toLowerCase()
    return unit.length === 1 ? unit : text[at]!
  }).join('')
}

/** Tokens that a span covers, also those that it covers in part. */
function tokenSpan(
  { starts, ends, count }: TokenBuffer,
  { start, end, label }: NumberedSpan,
): TokenSpan | undefined {
  let first = 0
  while (first < count && ends[first]! <= start) first++
  let last = first
  while (last + 1 < count && starts[last + 1]! < end) last++
  return first < count && starts[first]! < end ? { first, last, label } : undefined
}

/** Tokenises, tags, counts features and embeds; `tick` is called with the share done. */
export function prepareTagged(
  { texts, spans, weights }: SpannedTexts,
  { tokeniser, mode, axes, leastCount }: Reading,
  table: StaticEmbedding,
  scheme: TagScheme,
  tick: (share: number) => void,
): TaggedCorpus {
  const tokens = createTokenBuffer()
  const features = createFeatureBuffer()
  const index = createGrowingCodeIndex(1 << 16)
  const dense = createDenseInputs(table, axes)
  const lists = {
    rows: [] as Int32Array[],
    counts: [] as Int32Array[],
    inputs: [] as Float32Array[],
    tags: [] as Uint8Array[],
  }
  const textStarts = new Int32Array(texts.length + 1)
  const featureTotals = new Int32Array(texts.length)
  texts.forEach((text, row) => {
    tokeniser.tokenise(text, tokens)
    extractTokenFeatures(text, lowerUnits(text), tokens, mode, features)
    const total = features.starts[tokens.count]!
    featureTotals[row] = total
    lists.rows.push(features.codes.slice(0, total).map((code) => index.rowFor(code)))
    lists.counts.push(
      Int32Array.from({ length: tokens.count }, (_, t) => features.starts[t + 1]! - features.starts[t]!),
    )
    lists.inputs.push(denseOf(text, tokens, dense))
    lists.tags.push(tagsOf(tokens, spans[row]!, scheme))
    textStarts[row + 1] = textStarts[row]! + tokens.count
    if (row % 64 === 0) tick(row / texts.length)
  })
  const all = keepFrequent(joinIntegers(lists.rows), joinIntegers(lists.counts), index.codes(), leastCount)
  const inputs = joinFloats(lists.inputs)
  return {
    ...all,
    ...{ textStarts, weights, inputs, featureTotals },
    ...standardise(inputs, dense.columns, axes),
    inputColumns: dense.columns,
    tags: Uint8Array.from(lists.tags.flatMap((tags) => [...tags])),
  }
}

function denseOf(text: string, tokens: TokenBuffer, dense: DenseInputs): Float32Array {
  const inputs = new Float32Array(tokens.count * dense.columns)
  for (let t = 0; t < tokens.count; t++) dense.write(text, tokens, t, inputs, t * dense.columns)
  return inputs
}

function tagsOf(tokens: TokenBuffer, spans: readonly NumberedSpan[], scheme: TagScheme): Uint8Array {
  const tags = new Uint8Array(tokens.count)
  const covered: TokenSpan[] = []
  for (const span of spans) {
    const found = tokenSpan(tokens, span)
    // Two spans inside one token cannot both be told: the first is.
    if (found && found.first > (covered.at(-1)?.last ?? -1)) covered.push(found)
  }
  scheme.encode(covered, tags)
  return tags
}

function keepFrequent(rows: Int32Array, counts: Int32Array, codes: Int32Array, leastCount: number) {
  const frequency = new Int32Array(codes.length)
  for (const row of rows) frequency[row]!++
  const renumbered = new Int32Array(codes.length).fill(-1)
  let rowCount = 0
  for (let row = 0; row < codes.length; row++) if (frequency[row]! >= leastCount) renumbered[row] = rowCount++
  const kept = new Int32Array(rows.length)
  const starts = new Int32Array(counts.length + 1)
  let filled = 0
  let at = 0
  for (let t = 0; t < counts.length; t++) {
    for (let i = 0; i < counts[t]!; i++) {
      const row = renumbered[rows[at++]!]!
      if (row >= 0) kept[filled++] = row
    }
    starts[t + 1] = filled
  }
  return {
    rows: { starts, rows: kept.slice(0, filled) },
    rowCount,
    codes: codes.filter((_, row) => renumbered[row]! >= 0),
  }
}

/** Takes the mean off the embedding's part of the inputs and brings its mean square to 1, in place. */
function standardise(
  inputs: Float32Array,
  columns: number,
  axes: number,
): { inputMean: Float32Array; inputScale: number } {
  const sums = new Float64Array(axes)
  const tokens = Math.max(1, inputs.length / columns)
  for (let at = 0; at < inputs.length; at += columns)
    for (let d = 0; d < axes; d++) sums[d]! += inputs[at + d]!
  const inputMean = Float32Array.from(sums, (sum) => sum / tokens)
  let squares = 0
  for (let at = 0; at < inputs.length; at += columns) {
    for (let d = 0; d < axes; d++) {
      inputs[at + d]! -= inputMean[d]!
      squares += inputs[at + d]! ** 2
    }
  }
  const inputScale = 1 / Math.sqrt(Math.max(1e-9, squares / (tokens * Math.max(1, axes))))
  for (let at = 0; at < inputs.length; at += columns)
    for (let d = 0; d < axes; d++) inputs[at + d]! *= inputScale
  return { inputMean, inputScale }
}
