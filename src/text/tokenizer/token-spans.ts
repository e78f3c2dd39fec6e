/** Between spans of a text and the tokens that cover them: labels for token classification, and answers back as exact spans. */
import { assert } from '../../base/errors.ts'
import type { Encoding } from './tokenizer.ts'

/** UTF-16 offsets into the text, `end` exclusive. */
export interface CharacterSpan {
  readonly start: number
  readonly end: number
}

/** Tokens `first` to `last`, both included. */
export interface TokenRange {
  readonly first: number
  readonly last: number
  /** True where the span begins and ends with a token, white space aside: its offsets can be got back exactly. */
  readonly isExact: boolean
}

/**
 * The tokens that cover each span, `undefined` where none is left for it. A token that a span only reaches into counts as
 * the span's; where two spans reach into one token, it goes to the one with more of its units, or else the first.
 */
export function tokensOfSpans(
  encoding: Encoding,
  spans: readonly CharacterSpan[],
): readonly (TokenRange | undefined)[] {
  const ranges = spans.map((span) => touchedTokens(encoding, span))
  const order = spans
    .map((_, index) => index)
    .toSorted((a, b) => spans[a]!.start - spans[b]!.start || spans[a]!.end - spans[b]!.end)
  let before: number | undefined
  for (const index of order) {
    if (before !== undefined) separate(encoding, spans, ranges, before, index)
    if (ranges[index] !== undefined) before = index
  }
  return ranges
}

function touchedTokens({ starts, ends }: Encoding, { start, end }: CharacterSpan): TokenRange | undefined {
  if (start >= end) return undefined
  let first = firstEndingAfter(ends, starts, start)
  while (first < starts.length && starts[first] === ends[first]) first++
  let last = first
  while (last < starts.length && starts[last]! < end) last++
  last--
  while (last > first && starts[last] === ends[last]) last--
  if (last < first) return undefined
  return { first, last, isExact: starts[first]! >= start && ends[last]! <= end }
}

/** The first token that ends after `offset`; ends never decrease by more than a shared character, starts never at all. */
function firstEndingAfter(ends: Int32Array, starts: Int32Array, offset: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (starts[middle]! < offset) low = middle + 1
    else high = middle
  }
  while (low > 0 && ends[low - 1]! > offset) low--
  return low
}

/** Gives a token that both ranges have to one of them. */
function separate(
  encoding: Encoding,
  spans: readonly CharacterSpan[],
  ranges: (TokenRange | undefined)[],
  before: number,
  after: number,
): void {
  const earlier = ranges[before]
  const later = ranges[after]
  if (earlier === undefined || later === undefined || later.first > earlier.last) return
  const token = later.first
  const isEarliers = overlap(encoding, token, spans[before]!) >= overlap(encoding, token, spans[after]!)
  if (isEarliers) {
    const first = earlier.last + 1
    ranges[after] = first > later.last ? undefined : { first, last: later.last, isExact: false }
  } else
    ranges[before] =
      token - 1 < earlier.first ? undefined : { first: earlier.first, last: token - 1, isExact: false }
}

function overlap({ starts, ends }: Encoding, token: number, { start, end }: CharacterSpan): number {
  return Math.max(0, Math.min(ends[token]!, end) - Math.max(starts[token]!, start))
}

/** The span of the text that tokens `first` to `last` cover, without white space at its ends. */
export function spanOfTokens(
  { starts, ends }: Encoding,
  text: string,
  { first, last }: Pick<TokenRange, 'first' | 'last'>,
): CharacterSpan {
  assert(first <= last && last < starts.length, `tokens ${first} to ${last} of ${starts.length} are no range`)
  let start = starts[first]!
  let end = start
  // Tokens that share a character, or were folded together, need not end in order.
  for (let token = first; token <= last; token++) end = Math.max(end, ends[token]!)
  while (start < end && /\s/.test(text[start]!)) start++
  while (end > start && /\s/.test(text[end - 1]!)) end--
  return { start, end }
}
