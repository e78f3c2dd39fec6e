/**
 * The plain baseline of spans: remembers the texts that were labelled in training, each with its most frequent label, and
 * labels them wherever they stand whole, longest first. Texts that were mostly not labelled where they stood are left out.
 */
import { isWhole } from '../task/fields/place.ts'
import type { Span } from '../task/types.ts'
import type { FittedSpanBaseline, SpanBaseline } from './baseline.ts'

/** The memory of labelled texts. */
export const dictionaryBaseline: SpanBaseline = Object.freeze({
  name: 'dictionary',
  fit: (texts: readonly string[], spans: readonly (readonly Span[])[]): FittedSpanBaseline => {
    const labels = new Map<string, Map<string, number>>()
    for (const { text, label = '' } of spans.flat()) {
      const counts = labels.get(text) ?? new Map<string, number>()
      counts.set(label, (counts.get(label) ?? 0) + 1)
      labels.set(text, counts)
    }
    const known = new Map(
      [...labels].map(([text, counts]) => [
        text,
        { label: mostFrequent(counts), labelled: sum(counts), stands: 0 },
      ]),
    )
    const finder = createFinder(known.keys())
    for (const text of texts) for (const { piece } of finder(text)) known.get(piece)!.stands++
    const kept = new Map(
      [...known]
        .filter(([, { labelled, stands }]) => 2 * labelled >= stands)
        .map(([text, { label }]) => [text, label]),
    )
    const find = createFinder(kept.keys())
    return {
      predict: (asked) =>
        asked.map((text) =>
          find(text).map(
            ({ start, piece }): Span => ({
              start,
              end: start + piece.length,
              label: kept.get(piece)!,
              text: piece,
            }),
          ),
        ),
    }
  },
})

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]![0]
}

interface Hit {
  readonly start: number
  readonly piece: string
}

/** Finds the longest known pieces from left to right; a piece inside a word or number is none. */
function createFinder(pieces: Iterable<string>): (text: string) => readonly Hit[] {
  // By their first two characters, longest first.
  const byHead = new Map<string, string[]>()
  for (const piece of pieces) {
    const head = piece.slice(0, 2)
    byHead.set(head, [...(byHead.get(head) ?? []), piece])
  }
  for (const list of byHead.values()) list.sort((a, b) => b.length - a.length)
  return (text) => {
    const hits: Hit[] = []
    for (let at = 0; at < text.length; at++) {
      const list = byHead.get(text.slice(at, at + 2)) ?? byHead.get(text[at]!) ?? []
      const piece = list.find(
        (one) => text.startsWith(one, at) && isWhole(text, { start: at, end: at + one.length }),
      )
      if (piece === undefined) continue
      hits.push({ start: at, piece })
      at += piece.length - 1
    }
    return hits
  }
}
