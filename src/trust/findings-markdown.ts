/** Findings about the data as Markdown: a line each, with what it does to the score. */
import type { Effect } from '../eval/data-findings.ts'
import { fewestRows, longestUnits } from '../eval/data-findings.ts'
import type { FindingsSummary } from '../eval/findings-summary.ts'
import type { Estimate } from '../stats/interval.ts'

/** Lines of a list; those of which there is nothing to say are left out. */
export function findingsLines(findings: FindingsSummary): readonly string[] {
  const { duplicates, contradictions, nearDuplicates, smallClasses, tooLong, leaks, labelErrors } = findings
  return [
    ...labelLine(findings),
    ...line(duplicates.rows, 'repeat an earlier row', duplicates.effect),
    ...line(contradictions.rows, 'have one input and different outputs', contradictions.effect),
    ...line(nearDuplicates.rows, 'nearly repeat an earlier row', nearDuplicates.effect),
    ...line(
      smallClasses.rows,
      `belong to ${smallClasses.labels.length} labels with fewer than ${fewestRows} rows (${named(smallClasses.labels)})`,
      smallClasses.effect,
    ),
    ...line(tooLong.rows, `are longer than ${longestUnits.toLocaleString('en')} characters`, tooLong.effect),
    ...(leaks === undefined
      ? []
      : line(leaks.rows, 'of the test part stand in the training part, or nearly', leaks.effect)),
    ...(labelErrors === undefined || labelErrors.suspects === 0 ? [] : [labelErrorLine(labelErrors)]),
  ]
}

function labelLine({ labels, rows, score }: FindingsSummary): readonly string[] {
  const [most, least] = [labels[0], labels.at(-1)]
  if (most === undefined || least === undefined) return []
  const scored =
    score === undefined ? '' : ` A plain model gets ${estimate(score)} of them right in cross-validation.`
  return [
    `${rows.toLocaleString('en')} rows with ${labels.length} labels, from "${most.label}" (${most.rows.toLocaleString('en')}) to "${least.label}" (${least.rows.toLocaleString('en')}).${scored}`,
  ]
}

function line(rows: number, what: string, effect: Effect | undefined): readonly string[] {
  if (rows === 0) return []
  const shown =
    effect === undefined
      ? ''
      : `: ${percent(effect.named.value)} of these right, ${percent(effect.others.value)} of the others`
  return [`${rows.toLocaleString('en')} rows ${what}${shown}.`]
}

function labelErrorLine({
  suspects,
  errorShare,
  withSuspects,
  withoutSuspects,
}: NonNullable<FindingsSummary['labelErrors']>): string {
  const change = withoutSuspects.value - withSuspects.value
  const effect =
    Math.abs(change) < 0.0005
      ? 'learning without them changes nothing'
      : `learning without them, the score on the other rows ${change > 0 ? 'rises' : 'falls'} from ${percent(withSuspects.value)} to ${percent(withoutSuspects.value)}`
  return `About ${percent(errorShare)} of the labels look wrong (${suspects.toLocaleString('en')} suspects, \`shoal check\` lists them); ${effect}.`
}

function named(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).join(', ')
  return labels.length > 5 ? `${shown} and ${labels.length - 5} more` : shown
}

function estimate({ value, low, high }: Estimate): string {
  return `${percent(value)} [${percent(low)}, ${percent(high)}]`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}
