/**
 * The test that stands behind "it keeps checking": has the risk of a specialist's local answers left what the task
 * allows? It may be looked at after every audit, for the whole life of the specialist, at one level delta.
 *
 * Theorem. Let L_1, L_2, … in [0, 1] be the losses of audited calls in the order in which they were kept, and let
 * E[L_t | L_1 … L_(t-1)] <= r for all t: the risk is within r at each time, constant or not. Then
 * P(some M_t >= 1/delta) <= delta, where M_t = Σ_k w_k Σ_j v_j Π_(s=k..t) (1 + b_j (L_s - r)), with start times
 * k = 1, 2, … of weights w_k >= 0 summing to one (an empty product is 1), and bets b_j = (q_j - r) / (r (1 - r)) for
 * alternatives q_j in (r, 1) of weights v_j summing to one.
 *
 * Proof. Each factor lies between (1 - q_j) / (1 - r) and q_j / r, so it is positive, and its mean given the past is
 * at most 1 since b_j > 0: each product is a nonnegative supermartingale that starts at 1 (a bettor's wealth;
 * Waudby-Smith and Ramdas, JRSS B 86, 2024). So is their average M under fixed weights, M_0 = 1, and Ville's inequality
 * gives the bound. The sum over start times is an e-detector (Shin, Ramdas and Rinaldo, 2022) whose weights sum to one,
 * which bounds the chance of ever alarming falsely, not only how often: a change after a long quiet time is caught by
 * the products that start near it.
 *
 * Chosen at random: whether a call is audited may depend on anything but its outcome (time, earlier outcomes, load,
 * budget), so each audited loss is a fair draw from the local calls of its time, and the condition is about their risk.
 *
 * Corrections: every factor grows with its loss, so M is monotone in every loss. Losses may therefore be replaced later
 * (a person corrects an audited call) without a further price: M stays, at all times, at or below the M of the largest
 * loss that each call is ever given. The bound holds where the share of local answers that the upstream or a person
 * contradicts is within r. Corrections of calls that were not chosen for audit are no fair draw (people correct what
 * is wrong) and never enter here; they raise the audit rate (`audit-rate.ts`).
 */
import { assert } from '../base/errors.ts'
import type { RiskTarget } from '../task/types.ts'

/** The state of a test after some audits; frozen data, made anew by {@link afterAudit}. */
export interface RiskTest {
  readonly target: RiskTarget
  readonly audits: number
  /** Sum of the losses. */
  readonly lossSum: number
  /** For each bet: Σ of w_k times the product since k, over the start times that have come. */
  readonly wealth: readonly number[]
  /** Σ of w_k over the start times still to come. */
  readonly waiting: number
  /** M_t: what a unit staked on "the risk is above r" has become. */
  readonly evidence: number
  /** The largest M so far. */
  readonly peak: number
}

/**
 * The alternatives that are bet on, as multiples of the odds of r. Seven of them, from 1.25 to 25, were a tenth slower
 * in simulation: the price of a bet more is paid always, and a bet that is off by a quarter loses little.
 */
const oddsRatios = [1.5, 2.2, 4, 12] as const
/** Weight of the bet that starts at the first audit; the others share the rest. */
const firstWeight = 0.3
/**
 * Start times up to about this many audits, a life at 1%, weigh much the same, later ones as 1 / k². Weights as
 * 1 / (k log² k), the textbook's, put so much on the end of time that changes up to the 300,000th audit were found later.
 */
const flatUntil = 5000

/** A test before its first audit; `risk` in (0, 1). */
export function startRiskTest(target: RiskTarget): RiskTest {
  assert(target.risk > 0 && target.risk < 1, `a risk of ${target.risk} cannot be tested`)
  assert(target.delta > 0 && target.delta < 1, `a delta of ${target.delta} cannot be tested at`)
  const wealth = oddsRatios.map(() => 0)
  return { target, audits: 0, lossSum: 0, wealth, waiting: 1, evidence: 1, peak: 1 }
}

/** The test after one more audited call of this loss, 0..1; once decided its wealth stands still. */
export function afterAudit(test: RiskTest, loss: number): RiskTest {
  assert(loss >= 0 && loss <= 1, `a loss of ${loss} is not in 0..1`)
  const { target, wealth } = test
  const audits = test.audits + 1
  const lossSum = test.lossSum + loss
  if (hasLeft(test)) return { ...test, audits, lossSum }
  const waiting = (1 - firstWeight) * stillToCome(audits)
  const starting = test.waiting - waiting
  const grown = wealth.map((before, bet) => (before + starting) * factor(oddsRatios[bet]!, loss, target.risk))
  const evidence = waiting + grown.reduce((sum, one) => sum + one, 0) / grown.length
  const peak = Math.max(test.peak, evidence)
  return { target, audits, lossSum, wealth: grown, waiting, evidence, peak }
}

/** True once M has reached 1/delta: the risk is no longer within r, and this was said wrongly with chance at most delta. */
export function hasLeft(test: RiskTest): boolean {
  return test.peak >= 1 / test.target.delta
}

/** 1 + b (loss - r) for the alternative q whose odds are `ratio` times those of r. */
function factor(ratio: number, loss: number, risk: number): number {
  const odds = (ratio * risk) / (1 - risk)
  const q = odds / (1 + odds)
  return 1 + ((q - risk) * (loss - risk)) / (risk * (1 - risk))
}

/** Share of the later start times' weight that comes after the first `audits` audits: 1 at 0, falling to 0. */
function stillToCome(audits: number): number {
  return flatUntil / (flatUntil + audits)
}
