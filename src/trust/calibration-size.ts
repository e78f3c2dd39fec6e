/** How many rows to keep from training, so that the certificate can be had and is worth having. */
import { errorlessRows } from '../stats/binomial.ts'
import type { RiskTarget } from '../task/types.ts'

export interface SplitSizes {
  readonly train: number
  readonly calibration: number
  readonly test: number
}

/**
 * Errors that the risk allows among the calibration rows, from which more rows loosen the threshold little:
 * the threshold that passes has a risk of about risk (1 - 1.6 / √errors), which is 0.77 of it at 50.
 */
const allowedErrors = 50
/** Below this multiple of the errorless rows the threshold depends on luck: up to {@link mostShare} of the rows go there. */
const wantedErrorless = 5
const usualShare = 0.25
const mostShare = 0.4
const testShare = 0.1
const mostTestRows = 1000

/** Splits `rows` examples; where there is a test file, none are kept for testing. */
export function chooseSplitSizes(
  rows: number,
  target: RiskTarget,
  options: { readonly hasTestFile: boolean },
): SplitSizes {
  const enough = mostCalibrationRows(target)
  const least = wantedErrorless * errorlessRows(target.risk, target.delta)
  const calibration = Math.min(
    enough,
    Math.max(Math.floor(rows * usualShare), Math.min(least, Math.floor(rows * mostShare))),
  )
  const test = options.hasTestFile ? 0 : Math.min(mostTestRows, Math.floor(rows * testShare))
  return { train: rows - calibration - test, calibration, test }
}

/** Calibration rows beyond which more loosen the threshold little: no more are kept. */
export function mostCalibrationRows(target: RiskTarget): number {
  return Math.ceil(allowedErrors / target.risk)
}

/** The fewest examples of which at least `calibrationRows` are kept for calibration (which must be possible). */
export function examplesFor(
  calibrationRows: number,
  target: RiskTarget,
  options: { readonly hasTestFile: boolean },
): number {
  let [tooFew, enough] = [0, Math.ceil(calibrationRows / usualShare) + 1]
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (chooseSplitSizes(middle, target, options).calibration >= calibrationRows) enough = middle
    else tooFew = middle
  }
  return enough
}
