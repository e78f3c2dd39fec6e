/** Counts of the labels of a set, and labels that are the same but for case and spaces. */
import { appError } from '../base/errors.ts'
import { ambiguousLabels } from '../task/alike-labels.ts'
import type { Example } from './example.ts'

export interface LabelCount {
  readonly label: string
  readonly count: number
}

/** Labels that differ only in case or spaces; `kept` is the most frequent. */
export interface LabelVariants {
  readonly kept: string
  readonly variants: readonly LabelCount[]
}

/** Counts of labels, the most frequent first. */
export function labelCounts(examples: Iterable<Example>): readonly LabelCount[] {
  const counts = new Map<string, number>()
  for (const { output } of examples)
    if (output.kind === 'labels')
      for (const label of output.labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return sortedCounts(counts)
}

/** A map's counts as a list, the most frequent first, equals by label. */
export function sortedCounts(counts: ReadonlyMap<string, number>): readonly LabelCount[] {
  return [...counts]
    .map(([label, count]) => ({ label, count }))
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1))
}

/** Groups of labels that differ only in case, spaces or Unicode form. */
export function labelVariants(counts: readonly LabelCount[]): readonly LabelVariants[] {
  const groups = ambiguousLabels(new Map(counts.map(({ label, count }) => [label, count])))
  return groups.map(({ kept, variants }) => ({
    kept,
    variants: variants.map(({ text, count }) => ({ label: text, count })),
  }))
}

/** Refuses labels that differ only in case or spaces, naming them. */
export function refuseLabelVariants(examples: readonly Example[]): void {
  const groups = labelVariants(labelCounts(examples))
  if (groups.length === 0) return
  const shown = groups.slice(0, 5).map(({ variants }) => variants.map(showCount).join(' and '))
  const more = groups.length > 5 ? ` and ${groups.length - 5} groups more` : ''
  throw appError('data.labels-alike', { labels: shown.join('; ') + more })
}

/** The examples with each label written as the most frequent of those that differ from it only in case or spaces. */
export function mergeLabels(examples: readonly Example[]): readonly Example[] {
  const kept = new Map<string, string>()
  for (const group of labelVariants(labelCounts(examples)))
    for (const { label } of group.variants) kept.set(label, group.kept)
  if (kept.size === 0) return examples
  return examples.map((example) => {
    const { output } = example
    if (output.kind !== 'labels') return example
    return {
      ...example,
      output: { kind: 'labels', labels: output.labels.map((label) => kept.get(label) ?? label) },
    }
  })
}

function showCount({ label, count }: LabelCount): string {
  return `${JSON.stringify(label)} (${count})`
}
