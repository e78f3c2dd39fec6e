// How far a training is, and whether it keeps to the time that it was given.

/** The pace of some work or of a part of it; shares are 0..1 of that. */
export interface Pace {
  /** Says how much is done. */
  readonly tick: (share: number) => void
  /** True where the time for that much has passed. */
  readonly isLate: (share: number) => boolean
}

/** The pace of the part `index` of `parts` equal ones. */
export function partOfPace(pace: Pace, index: number, parts: number): Pace {
  const whole = (share: number): number => (index + share) / parts
  return { tick: (share) => pace.tick(whole(share)), isLate: (share) => pace.isLate(whole(share)) }
}

/** A pace against the clock; without a budget nothing is ever late. */
export function startPace(tick: (share: number) => void, budgetMs: number | undefined): Pace {
  const began = performance.now()
  return {
    tick,
    isLate: (share) => budgetMs !== undefined && performance.now() - began > share * budgetMs,
  }
}
