/** Learning rates of all steps, computed on the host: a linear warm-up, then constant, linear to zero, or a half cosine to zero. */

/** How the learning rate goes from step to step. */
export interface LearningRateSchedule {
  readonly kind: 'constant' | 'linear' | 'cosine'
  /** The highest rate, reached when the warm-up ends. */
  readonly peak: number
  readonly warmupSteps: number
  readonly steps: number
}

const shapes: { readonly [K in LearningRateSchedule['kind']]: (progress: number) => number } = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
}

/** The rate of every step; the first is above zero, and so is the last (it would be zero one step later). */
export function learningRates(schedule: LearningRateSchedule): Float32Array {
  const { warmupSteps, steps, peak } = schedule
  return Float32Array.from({ length: steps }, (_, step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / (warmupSteps + 1)
    return peak * shapes[schedule.kind]((step - warmupSteps) / Math.max(1, steps - warmupSteps))
  })
}
