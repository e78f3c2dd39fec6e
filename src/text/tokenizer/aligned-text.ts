/**
 * A text while it is normalised, with the place in the original that each of its UTF-16 units came from: what makes exact
 * offsets possible whatever is folded, split, composed or taken out. All units made from one character share its span.
 */

/** Unit `i` of `text` came from `starts[i]` to `ends[i]` of the original; without the arrays it is unit `i` of the original. */
export interface AlignedText {
  readonly text: string
  readonly starts: Int32Array | undefined
  readonly ends: Int32Array | undefined
}

/** Collects an aligned text piece by piece. */
export interface AlignedBuilder {
  /** Adds `text`, all of whose units came from `start` to `end` of the original. */
  add(text: string, start: number, end: number): void
  /** Adds the units `from` to `to` of another aligned text of the same original as they are. */
  copy(source: AlignedText, from: number, to: number): void
  /** Lets what was added last, where it ends at `start`, end at `end`: marks that are taken out stay with their letter. */
  extend(start: number, end: number): void
  /** Units added so far. */
  readonly length: number
  build(): AlignedText
}

/** The text as it was given. */
export function alignedWithItself(text: string): AlignedText {
  return { text, starts: undefined, ends: undefined }
}

/** Where in the original the unit begins. */
export function startOf(aligned: AlignedText, unit: number): number {
  return aligned.starts === undefined ? unit : aligned.starts[unit]!
}

/** Where in the original the unit ends. */
export function endOf(aligned: AlignedText, unit: number): number {
  return aligned.ends === undefined ? unit + 1 : aligned.ends[unit]!
}

/** An empty builder with room for about `capacity` units. */
export function createAlignedBuilder(capacity: number): AlignedBuilder {
  let starts = new Int32Array(Math.max(16, capacity))
  let ends = new Int32Array(starts.length)
  const parts: string[] = []
  let length = 0

  function reserve(count: number): void {
    if (length + count <= starts.length) return
    starts = grown(starts, length + count)
    ends = grown(ends, length + count)
  }

  return {
    add(text, start, end) {
      reserve(text.length)
      parts.push(text)
      for (const last = length + text.length; length < last; length++) {
        starts[length] = start
        ends[length] = end
      }
    },
    copy(source, from, to) {
      reserve(to - from)
      parts.push(source.text.slice(from, to))
      for (let unit = from; unit < to; unit++, length++) {
        starts[length] = startOf(source, unit)
        ends[length] = endOf(source, unit)
      }
    },
    extend(start, end) {
      for (let unit = length - 1; unit >= 0 && ends[unit] === start; unit--) ends[unit] = end
    },
    get length() {
      return length
    },
    build: () => ({ text: parts.join(''), starts: starts.slice(0, length), ends: ends.slice(0, length) }),
  }
}

/** The units `from` to `to`. */
export function sliceAligned(aligned: AlignedText, from: number, to: number): AlignedText {
  if (from === 0 && to === aligned.text.length) return aligned
  const builder = createAlignedBuilder(to - from)
  builder.copy(aligned, from, to)
  return builder.build()
}

/**
 * Replaces every code point by what `change` makes of it. A combining mark that becomes nothing stays in the span of the
 * letter before it, so that a span never cuts an accent off.
 */
export function mapCodePoints(aligned: AlignedText, change: (codePoint: number) => string): AlignedText {
  const { text } = aligned
  const builder = createAlignedBuilder(text.length + (text.length >> 1))
  for (let unit = 0; unit < text.length; ) {
    const codePoint = text.codePointAt(unit)!
    const next = unit + (codePoint > 0xffff ? 2 : 1)
    addChanged(builder, change(codePoint), codePoint, startOf(aligned, unit), endOf(aligned, next - 1))
    unit = next
  }
  return builder.build()
}

function addChanged(
  builder: AlignedBuilder,
  changed: string,
  codePoint: number,
  start: number,
  end: number,
): void {
  if (changed !== '') builder.add(changed, start, end)
  else if (/\p{M}/u.test(String.fromCodePoint(codePoint))) builder.extend(start, end)
}

/** The matches of a global pattern, as `mapClusters` takes them. */
export function* matchesOf(text: string, pattern: RegExp): Iterable<{ index: number; text: string }> {
  for (const match of text.matchAll(pattern)) yield { index: match.index, text: match[0] }
}

/**
 * Replaces clusters (pieces of the text that `clusters` matches, all of it) by what `change` makes of them: code point by
 * code point where that gives the same, or else as a whole.
 */
export function mapClusters(
  aligned: AlignedText,
  clusters: Iterable<{ readonly index: number; readonly text: string }>,
  change: (cluster: string) => string,
): AlignedText {
  const builder = createAlignedBuilder(aligned.text.length + (aligned.text.length >> 1))
  for (const { index, text } of clusters) {
    const changed = change(text)
    const end = index + text.length
    if (changed === text) builder.copy(aligned, index, end)
    else addCluster(builder, aligned, { index, text, changed }, change)
  }
  return builder.build()
}

interface ChangedCluster {
  readonly index: number
  readonly text: string
  readonly changed: string
}

function addCluster(
  builder: AlignedBuilder,
  aligned: AlignedText,
  { index, text, changed }: ChangedCluster,
  change: (cluster: string) => string,
): void {
  const codePoints = Array.from(text)
  const apart = codePoints.length > 1 ? codePoints.map(change) : undefined
  if (apart === undefined || apart.join('') !== changed) {
    builder.add(changed, startOf(aligned, index), endOf(aligned, index + text.length - 1))
    return
  }
  let unit = index
  codePoints.forEach((codePoint, at) => {
    const next = unit + codePoint.length
    addChanged(
      builder,
      apart[at]!,
      codePoint.codePointAt(0)!,
      startOf(aligned, unit),
      endOf(aligned, next - 1),
    )
    unit = next
  })
}

function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(least, array.length * 2))
  larger.set(array)
  return larger
}
