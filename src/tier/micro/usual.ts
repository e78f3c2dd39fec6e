// How novel a text is, in one number: low logits altogether, and a vector far from all classes, each counted in
// deviations from what rows held aside show to be usual.

/** Mean and standard deviation. */
type Spread = readonly [mean: number, deviation: number]

/** What is usual for texts of the task. */
export interface UsualSigns {
  readonly logit: Spread
  readonly distance: Spread
}

/** The signs of novelty of one text. */
export interface NoveltySigns {
  /** Minus the largest logit. */
  readonly logit: number
  /** Distance to the nearest class mean. */
  readonly distance: number
}

const leastDeviation = 1e-6

/** The sum of both signs, in deviations; 0 for what is usual. */
export function noveltyScoreOf({ logit, distance }: NoveltySigns, usual: UsualSigns): number {
  return deviations(logit, usual.logit) + deviations(distance, usual.distance)
}

function deviations(value: number, [mean, deviation]: Spread): number {
  return (value - mean) / deviation
}

/** What is usual, from rows held aside. */
export function usualSigns(rows: readonly NoveltySigns[]): UsualSigns {
  return { logit: spread(rows.map(({ logit }) => logit)), distance: spread(rows.map((row) => row.distance)) }
}

function spread(values: readonly number[]): Spread {
  const count = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
  return [mean, Math.max(leastDeviation, Math.sqrt(square))]
}

/** The signs of novelty in logits and a squared distance. */
export function signsOf(logits: Float32Array, distance: number): NoveltySigns {
  const most = logits.reduce((best, logit) => Math.max(best, logit), Number.NEGATIVE_INFINITY)
  return { logit: -most, distance: Math.sqrt(Math.max(0, distance)) }
}
