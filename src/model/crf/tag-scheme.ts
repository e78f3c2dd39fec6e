// Spans as one tag a token and back, and which tag may follow which.

/** `bio`: beginning, inside; `bioes`: also the end of a span, and a span of a single token. */
export const schemeNames = ['bio', 'bioes'] as const
export type SchemeName = (typeof schemeNames)[number]

/** Tokens `first` to `last`, both included, and the label's number. */
export interface TokenSpan {
  readonly first: number
  readonly last: number
  readonly label: number
}

/** A scheme over some labels. Tag 0 is outside of all spans. */
export interface TagScheme {
  readonly name: SchemeName
  readonly labelCount: number
  readonly tagCount: number
  /** Allowed pairs of neighbours: `from[p]` may be followed by `to[p]`; ordered by `to`, then by `from`. */
  readonly from: Uint8Array
  readonly to: Uint8Array
  /** 1 for tags that a text may start or end with. */
  readonly canStart: Uint8Array
  readonly canEnd: Uint8Array
  /** The tag of a span's token at `first`, between, and at `last`. */
  tagOf(label: number, place: 'first' | 'inside' | 'last' | 'single'): number
  /** Writes the tags of spans that do not overlap, over `tags`, which is as long as the text has tokens. */
  encode(spans: readonly TokenSpan[], tags: Uint8Array): void
  /** The spans of valid tags, in order. */
  decode(tags: ArrayLike<number>, length: number): readonly TokenSpan[]
}

/** Labels above which tags no longer fit in a byte. */
export const mostLabels = 63

const places = {
  bio: { first: 0, inside: 1, last: 1, single: 0, count: 2 },
  bioes: { first: 0, inside: 1, last: 2, single: 3, count: 4 },
} as const

/** The scheme of that name over labels 0 to `labelCount` - 1. */
export function createTagScheme(name: SchemeName, labelCount: number): TagScheme {
  const place = places[name]
  const tagCount = 1 + place.count * labelCount
  const tagOf: TagScheme['tagOf'] = (label, at) => 1 + label * place.count + place[at]
  const labelOf = (tag: number): number => (tag === 0 ? -1 : Math.floor((tag - 1) / place.count))
  const placeOf = (tag: number): number => (tag - 1) % place.count
  const starts = (tag: number): boolean =>
    tag === 0 || placeOf(tag) === place.first || placeOf(tag) === place.single
  const ends = (tag: number): boolean =>
    tag === 0 || name === 'bio' || placeOf(tag) === place.last || placeOf(tag) === place.single
  const continues = (tag: number): boolean =>
    tag !== 0 && (placeOf(tag) === place.first || placeOf(tag) === place.inside)
  const follows = (from: number, to: number): boolean =>
    starts(to) ? ends(from) : continues(from) && labelOf(from) === labelOf(to)

  const tags = Array.from({ length: tagCount }, (_, tag) => tag)
  const pairs = tags.flatMap((to) => tags.filter((from) => follows(from, to)).map((from) => ({ from, to })))
  return {
    ...{ name, labelCount, tagCount, tagOf },
    from: Uint8Array.from(pairs, ({ from }) => from),
    to: Uint8Array.from(pairs, ({ to }) => to),
    canStart: Uint8Array.from(tags, (tag) => Number(starts(tag))),
    canEnd: Uint8Array.from(tags, (tag) => Number(ends(tag))),
    encode(spans, target) {
      target.fill(0)
      for (const { first, last, label } of spans) {
        for (let at = first; at <= last; at++) target[at] = tagOf(label, 'inside')
        target[last] = tagOf(label, 'last')
        target[first] = tagOf(label, first === last ? 'single' : 'first')
      }
    },
    decode(target, length) {
      const spans: TokenSpan[] = []
      for (let first = 0; first < length; first++) {
        const label = labelOf(target[first]!)
        if (label < 0) continue
        let last = first
        while (last + 1 < length && !starts(target[last + 1]!)) last++
        spans.push({ first, last, label })
        first = last
      }
      return spans
    },
  }
}
