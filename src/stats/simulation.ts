/** Judging a procedure by repeating it: shares of draws with their sampling error. */

export interface SimulatedShare {
  readonly share: number
  /** √(p (1 - p) / draws) at the share that is allowed, so that a share of 0 has an error too. */
  readonly standardError: number
  readonly draws: number
}

/** The share of draws in which something happened, with the standard error that it would have at `expected`. */
export function simulatedShare(happened: number, draws: number, expected: number): SimulatedShare {
  return { share: happened / draws, standardError: Math.sqrt((expected * (1 - expected)) / draws), draws }
}

/** True where a share is at most what is allowed, give or take two standard errors. */
export function isWithin(simulated: SimulatedShare, allowed: number): boolean {
  return simulated.share <= allowed + 2 * simulated.standardError
}
