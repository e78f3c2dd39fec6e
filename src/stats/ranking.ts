/** How well a score puts right answers before wrong ones. */

/** A score and whether what it stands for is so. */
export interface Scored {
  readonly score: number
  readonly positive: boolean
}

/**
 * Area under the ROC curve: chance that a positive scores above a negative, ties counting half
 * (Mann and Whitney, 1947); `undefined` where one of the two is missing.
 */
export function auroc(rows: readonly Scored[]): number | undefined {
  const sorted = [...rows].sort((a, b) => a.score - b.score)
  const positives = sorted.filter((row) => row.positive).length
  const negatives = sorted.length - positives
  if (positives === 0 || negatives === 0) return undefined
  let rankSum = 0
  for (let start = 0; start < sorted.length; ) {
    let end = start
    while (end < sorted.length && sorted[end]!.score === sorted[start]!.score) end++
    const meanRank = (start + 1 + end) / 2
    for (let i = start; i < end; i++) if (sorted[i]!.positive) rankSum += meanRank
    start = end
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}
