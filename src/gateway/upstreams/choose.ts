/** What a call does next: a pure decision over what is known of each upstream that takes it. */
import type { Failure } from './failure.ts'
import { failureRules } from './failure.ts'

/** One upstream as a call sees it at this moment, in the order of `shoal.yaml`. */
export interface Candidate {
  /** Whether it answers at all, by its breaker. */
  readonly isAlive: boolean
  /** Whether it answers well, by its other breaker. */
  readonly isWell: boolean
  /** How long it still asks to be left alone. */
  readonly restsMs: number
  /** The failure of this call there; absent where it was not tried. */
  readonly failure?: Failure
}

export interface Situation {
  readonly candidates: readonly Candidate[]
  /** Candidate that failed last. */
  readonly last?: number
  /** A retry on the same upstream has been made already. */
  readonly hasRetried: boolean
  /** True for calls that may be sent twice: GET and the like. */
  readonly isIdempotent: boolean
  /** True where sending it elsewhere has no consequences but its price. */
  readonly isRepeatable: boolean
  /** What is left of the client's patience. */
  readonly remainingMs: number
  /** How long to wait before a retry where the upstream does not say. */
  readonly backoffMs: number
}

export type Step =
  | { readonly kind: 'send'; readonly candidate: number }
  | { readonly kind: 'retry'; readonly candidate: number; readonly waitMs: number }
  | { readonly kind: 'give-up' }

/** Longest that a client waits here because an upstream asks for patience; longer, and it is the client's to wait. */
const mostPatienceMs = 5_000

/**
 * The next untried upstream that is well; else one that is not, since a bad answer is no worse than none;
 * else the last one again where that is safe. One that does not answer at all is asked by nobody but the call that tries it.
 */
export function nextStep(situation: Situation): Step {
  const { candidates, last, remainingMs } = situation
  if (remainingMs <= 0) return { kind: 'give-up' }
  const failure = last === undefined ? undefined : candidates[last]!.failure
  if (!failure || mayGoElsewhere(failure, situation)) {
    const untried = candidates.flatMap((one, at) => (one.failure || !one.isAlive ? [] : [at]))
    const sound = untried.find((at) => candidates[at]!.isWell && candidates[at]!.restsMs <= 0)
    const [least] = untried.toSorted((a, b) => candidates[a]!.restsMs - candidates[b]!.restsMs)
    const candidate = sound ?? least
    if (candidate !== undefined) return { kind: 'send', candidate }
  }
  return failure && last !== undefined ? retry(failure, last, situation) : { kind: 'give-up' }
}

function mayGoElsewhere({ kind }: Failure, { isRepeatable, isIdempotent }: Situation): boolean {
  return isRepeatable || isIdempotent || failureRules[kind].isUntaken
}

function retry(failure: Failure, candidate: number, situation: Situation): Step {
  const { again } = failureRules[failure.kind]
  const isSafe = again === 'always' || (again === 'idempotent' && situation.isIdempotent)
  const waitMs = Math.max(failure.retryAfterMs ?? 0, situation.backoffMs)
  const isWorthIt = waitMs <= Math.min(mostPatienceMs, situation.remainingMs / 2)
  if (situation.hasRetried || failure.isFinal || !isSafe || !isWorthIt) return { kind: 'give-up' }
  return { kind: 'retry', candidate, waitMs }
}
