// Whether a specialist is served with layers in 8 bits: decided in training, on rows held aside that its model had not
// seen, so that what is calibrated and certified afterwards is the form that is served.

/** A row that was answered. */
export interface AnsweredRow {
  /** 0..1. */
  readonly score: number
  readonly correct: boolean
}

/** Share of rows that 8 bits may cost, of right answers and of the Brier score. */
const mostLost = 0.003

/** `int8` where it loses next to nothing on the same rows, in the same order; without rows nothing is known, so `float32`. */
export function choosePrecision(
  float32: readonly AnsweredRow[],
  int8: readonly AnsweredRow[],
): 'float32' | 'int8' {
  if (float32.length === 0 || float32.length !== int8.length) return 'float32'
  const accuracyLost = meanOf(float32, right) - meanOf(int8, right)
  const brierLost = meanOf(int8, squaredError) - meanOf(float32, squaredError)
  return accuracyLost <= mostLost && brierLost <= mostLost ? 'int8' : 'float32'
}

const right = ({ correct }: AnsweredRow): number => Number(correct)
const squaredError = ({ score, correct }: AnsweredRow): number => (score - Number(correct)) ** 2

function meanOf(rows: readonly AnsweredRow[], of: (row: AnsweredRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0) / rows.length
}
