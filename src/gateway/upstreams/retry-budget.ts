/**
 * A budget of retries as a value: every call puts in a fraction of a retry, every retry takes one out.
 * So an outage is never multiplied, however many calls fail; as in Finagle's RetryBudget.
 */

export interface RetryBudgetPolicy {
  /** Retries that a call pays for, 0..1. */
  readonly share: number
  /** Retries a second that are there without any calls, so that a quiet gateway may retry too. */
  readonly perSecond: number
  /** Most that can be saved up. */
  readonly most: number
}

export interface RetryBudget {
  readonly tokens: number
  readonly atMs: number
}

/** A budget that is full of what quiet seconds would have given. */
export function fullRetryBudget(nowMs: number, policy: RetryBudgetPolicy): RetryBudget {
  return { tokens: policy.most, atMs: nowMs }
}

/** After a call that is no retry. */
export function deposit(budget: RetryBudget, nowMs: number, policy: RetryBudgetPolicy): RetryBudget {
  const grown = refilled(budget, nowMs, policy)
  return { ...grown, tokens: Math.min(policy.most, grown.tokens + policy.share) }
}

/** After taking one retry; `undefined` where there is none to take. */
export function withdraw(
  budget: RetryBudget,
  nowMs: number,
  policy: RetryBudgetPolicy,
): RetryBudget | undefined {
  const grown = refilled(budget, nowMs, policy)
  return grown.tokens >= 1 ? { ...grown, tokens: grown.tokens - 1 } : undefined
}

function refilled(budget: RetryBudget, nowMs: number, { perSecond, most }: RetryBudgetPolicy): RetryBudget {
  const added = (Math.max(0, nowMs - budget.atMs) / 1000) * perSecond
  return { tokens: Math.min(most, budget.tokens + added), atMs: Math.max(nowMs, budget.atMs) }
}
