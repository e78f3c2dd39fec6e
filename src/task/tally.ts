/** Texts counted and grouped, and the most frequent of them for a person to look at. */
import type { Seen } from './refusal.ts'

const mostShown = 8
const longestShown = 200

/** A text with how often it was given. */
export interface CountedText {
  readonly text: string
  readonly count: number
}

/** How often each text occurs, in the order of their first occurrence. */
export function countTexts(texts: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

/** Indexes of the items that have the same key, the largest group first. */
export function groupIndexes<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly [key: string, indexes: readonly number[]])[] {
  const groups = new Map<string, number[]>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [index])
    else group.push(index)
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length)
}

/** At most eight texts with their counts, most frequent first, each cut to 200 characters. */
export function mostSeen(texts: Iterable<string>): readonly Seen[] {
  return [...countTexts(texts)]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, mostShown)
    .map(([text, count]) => ({ text: shortened(text), count }))
}

function shortened(text: string): string {
  if (text.length <= longestShown) return text
  return `${text.slice(0, longestShown).replace(/[\ud800-\udbff]$/, '')}…`
}
