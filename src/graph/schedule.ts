/** Learning rates, computed on the host: a linear warm-up, then linear to zero, or a half cosine to zero. */

/** How the learning rate goes from step to step. */
export interface LearningRateSchedule {
  readonly kind: 'linear' | 'cosine'
  /** The highest rate, reached when the warm-up ends. */
  readonly peak: number
  readonly warmupSteps: number
  readonly steps: number
}

const shapes: { readonly [K in LearningRateSchedule['kind']]: (progress: number) => number } = {
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
}

/** The rate of a step; that of the first is above zero, and so is that of the last (it would be zero one step later). */
export function learningRateAt(schedule: LearningRateSchedule, step: number): number {
  const { warmupSteps, steps, peak, kind } = schedule
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps
  return peak * shapes[kind]((step - warmupSteps) / Math.max(1, steps - warmupSteps))
}
