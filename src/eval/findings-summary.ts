/** Findings about data as they stand on a card: how many rows and what they do to the score, without any text. */

import type { Example } from '../data/example.ts'
import { labelCounts } from '../data/labels.ts'
import type { Estimate } from '../stats/interval.ts'
import type { DataFindings, Effect, Finding } from './data-findings.ts'

/** A finding by its number of rows. */
export interface FindingSummary {
  readonly rows: number
  readonly effect?: Effect
}

export interface FindingsSummary {
  /** Rows that were looked at. */
  readonly rows: number
  /** Labels with their rows, the most frequent first, at most {@link mostLabels}; empty where outputs are no labels. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[]
  /** Score of a plain model in cross-validation. */
  readonly score?: Estimate
  readonly duplicates: FindingSummary
  readonly contradictions: FindingSummary
  readonly nearDuplicates: FindingSummary
  readonly smallClasses: FindingSummary & { readonly labels: readonly string[] }
  readonly tooLong: FindingSummary
  /** Test rows that stand in the training part too, or nearly; the effect is on the specialist's own test score. */
  readonly leaks?: FindingSummary
  readonly labelErrors?: {
    readonly suspects: number
    readonly errorShare: number
    readonly withSuspects: Estimate
    readonly withoutSuspects: Estimate
  }
}

const mostLabels = 200

/** Sums findings up. */
export function summaryOf(findings: DataFindings, examples: readonly Example[]): FindingsSummary {
  const { score, duplicates, contradictions, nearDuplicates, smallClasses, tooLong, leaks, labelErrors } =
    findings
  return {
    rows: findings.rows.length,
    labels: labelCounts(examples)
      .slice(0, mostLabels)
      .map(({ label, count }) => ({ label, rows: count })),
    ...(score && { score }),
    duplicates: counted(duplicates),
    contradictions: counted(contradictions),
    nearDuplicates: counted(nearDuplicates),
    smallClasses: { ...counted(smallClasses), labels: smallClasses.labels },
    tooLong: counted(tooLong),
    ...(leaks && { leaks: { rows: leaks.testRows.length } }),
    ...(labelErrors && {
      labelErrors: {
        suspects: labelErrors.suspects.length,
        errorShare: labelErrors.errorShare,
        withSuspects: labelErrors.withSuspects,
        withoutSuspects: labelErrors.withoutSuspects,
      },
    }),
  }
}

function counted({ rows, effect }: Finding): FindingSummary {
  return { rows: rows.length, ...(effect && { effect }) }
}
