/** When two labels are written differently and mean the same: one rule for files, calls and answers. */
import type { Seen } from './refusal.ts'

/** Labels that differ only in case, spaces or Unicode form; `kept` is the most frequent. */
export interface AlikeLabels {
  readonly kept: string
  readonly variants: readonly Seen[]
}

/**
 * A label as labels are compared: Unicode NFKC, which makes full-width letters and marks of Chinese answers plain, lower
 * case, spaces collapsed and trimmed.
 */
export function labelKey(label: string): string {
  return label.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** Groups of labels that differ only in case, spaces or Unicode form. */
export function ambiguousLabels(counts: ReadonlyMap<string, number>): readonly AlikeLabels[] {
  const groups = new Map<string, Seen[]>()
  for (const [text, count] of counts) {
    const key = labelKey(text)
    groups.set(key, [...(groups.get(key) ?? []), { text, count }])
  }
  return [...groups.values()]
    .filter((variants) => variants.length > 1)
    .map((variants) => variants.toSorted((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1)))
    .map((variants) => ({ kept: variants[0]!.text, variants }))
}

/** For each label of the groups, the one that is kept. */
export function mergeLabels(groups: readonly AlikeLabels[]): ReadonlyMap<string, string> {
  return new Map(groups.flatMap(({ kept, variants }) => variants.map(({ text }) => [text, kept] as const)))
}
