/** Carries out what a person decided about findings in data: which rows are dropped, and which labels are changed. */
import type { Example } from '../data/example.ts'
import type { DataFindings, SuspectRow } from '../eval/data-findings.ts'

/** What can be done about findings, in the words of `shoal import --fix`. */
export const fixNames = [
  'drop-duplicates',
  'drop-near-duplicates',
  'drop-contradictions',
  'drop-long',
  'drop-suspects',
  'relabel-suspects',
] as const

export type FixName = (typeof fixNames)[number]

/** Decisions by position: rows to drop, and labels to put in the place of others. */
export interface RowFixes {
  readonly drop: ReadonlySet<number>
  readonly relabel: ReadonlyMap<number, string>
}

/** The rows that a fix is about; for suspects {@link suspectsOf}. */
export function rowsOfFix(findings: DataFindings, fix: FixName): readonly number[] {
  const rows: { readonly [Name in FixName]: readonly number[] } = {
    'drop-duplicates': findings.duplicates.rows,
    'drop-near-duplicates': findings.nearDuplicates.rows,
    'drop-contradictions': findings.contradictions.rows,
    'drop-long': findings.tooLong.rows,
    'drop-suspects': suspectsOf(findings).map(({ row }) => row),
    'relabel-suspects': suspectsOf(findings).map(({ row }) => row),
  }
  return rows[fix]
}

/** Rows whose label looks wrong, the most suspect first. */
export function suspectsOf(findings: DataFindings): readonly SuspectRow[] {
  return findings.labelErrors?.suspects ?? []
}

/** The decisions of fixes that were named as a whole; a row that is dropped is not relabelled. */
export function fixesNamed(findings: DataFindings, names: readonly FixName[]): RowFixes {
  const drop = new Set(
    names.filter((name) => name !== 'relabel-suspects').flatMap((name) => rowsOfFix(findings, name)),
  )
  const suspects = names.includes('relabel-suspects') ? suspectsOf(findings) : []
  const kept = suspects.filter(({ row }) => !drop.has(row))
  return { drop, relabel: new Map(kept.map(({ row, likely }) => [row, likely])) }
}

/** The rows without those that are dropped; a changed label says that a program proposed it, or that a person looked at it. */
export function applyFixes(
  examples: readonly Example[],
  fixes: RowFixes,
  relabelledBy: 'human' | 'synthetic',
): readonly Example[] {
  return examples.flatMap((example, row) => {
    if (fixes.drop.has(row)) return []
    const label = fixes.relabel.get(row)
    if (label === undefined) return [example]
    return [{ ...example, output: { kind: 'labels' as const, labels: [label] }, source: relabelledBy }]
  })
}
