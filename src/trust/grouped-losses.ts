/**
 * Risk where rows come in groups, such as the mails of one customer: rows of a group may be wrong together, so the groups
 * are the independent draws, not the rows. The risk R is E[sum of a group's losses in its answered rows] / E[their
 * number], the share over calls. With m the size of the largest group, a group's draw for a supposed risk r is
 * r + Σ (loss - r) / m over its answered rows: it lies in 0..1, and its mean is at least r exactly where R is.
 * The sizes of the groups are taken as given.
 */
import type { SeenValues } from '../stats/betting.ts'

/** Which rows stand together. */
export interface Groups {
  /** Numbers of the rows of each group, groups in the order of their first row. */
  readonly members: readonly (readonly number[])[]
  /** Rows of the largest. */
  readonly largest: number
}

/** The groups of rows; `undefined` where no two rows share one. */
export function groupsOf(rows: readonly { readonly group?: string }[]): Groups | undefined {
  const named = new Map<string, number[]>()
  const members: number[][] = []
  for (const [row, { group }] of rows.entries()) {
    const known = group === undefined ? undefined : named.get(group)
    if (known) known.push(row)
    else {
      members.push([row])
      if (group !== undefined) named.set(group, members.at(-1)!)
    }
  }
  const largest = members.reduce((most, { length }) => Math.max(most, length), 0)
  return largest > 1 ? { members, largest } : undefined
}

/** One draw for each group with answered rows; `lossOf` gives the loss of an answered row, `undefined` of another. */
export function lossesByGroup(
  { members, largest }: Groups,
  mean: number,
  lossOf: (row: number) => number | undefined,
): SeenValues {
  const values = new Float64Array(members.length)
  let count = 0
  for (const rows of members) {
    let [sum, answered] = [0, 0]
    for (const row of rows) {
      const loss = lossOf(row)
      if (loss === undefined) continue
      answered++
      sum += loss - mean
    }
    if (answered > 0) values[count++] = mean + sum / largest
  }
  return { values, count }
}
