// Whether a specialist is served with layers in 8 bits: decided in training, on rows held aside that its model had not
// seen, so that what is calibrated and certified afterwards is the form that is served.
import type { WeightPrecision } from '../../../onnx/fused-rules.ts'

/** A precision without its ranges. */
export type PrecisionKind = 'float32' | 'int8'

/** Of which kind a precision is. */
export const precisionKind = (precision: WeightPrecision): PrecisionKind =>
  precision === 'float32' ? precision : precision.kind

/** A row that was answered. */
export interface AnsweredRow {
  /** 0..1. */
  readonly score: number
  readonly correct: boolean
}

/** How good the answers of a form are, on rows held aside. */
export interface FormQuality {
  /** What the task is measured by, 0..1: accuracy, F1. */
  readonly share: number
  /** Mean squared error of the scores; 0..1, the lower, the better. */
  readonly brier: number
}

/** Share of rows that 8 bits may cost, of what the task is measured by and of the Brier score. */
const mostLost = 0.003

/** True where 8 bits lose next to nothing. */
export function isKept(float32: FormQuality, int8: FormQuality): boolean {
  return float32.share - int8.share <= mostLost && int8.brier - float32.brier <= mostLost
}

/** `int8` where it loses next to nothing on the same rows, in the same order; without rows nothing is known, so `float32`. */
export function choosePrecision(
  float32: readonly AnsweredRow[],
  int8: readonly AnsweredRow[],
): PrecisionKind {
  if (float32.length === 0 || float32.length !== int8.length) return 'float32'
  const qualityOf = (rows: readonly AnsweredRow[]): FormQuality => ({
    share: meanOf(rows, ({ correct }) => Number(correct)),
    brier: brierOf(rows),
  })
  return isKept(qualityOf(float32), qualityOf(int8)) ? 'int8' : 'float32'
}

/** Mean squared error of the scores. */
export function brierOf(rows: readonly AnsweredRow[]): number {
  return meanOf(rows, ({ score, correct }) => (score - Number(correct)) ** 2)
}

function meanOf(rows: readonly AnsweredRow[], of: (row: AnsweredRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0) / Math.max(1, rows.length)
}
