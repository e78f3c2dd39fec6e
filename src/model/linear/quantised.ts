// Weights in eight bits: each row of a matrix as whole numbers of -127 to 127 times a scale of its own.

/** A matrix by rows; `values[r, c] · scales[r]` is the number meant. */
export interface QuantisedRows {
  readonly values: Int8Array
  readonly scales: Float32Array
  readonly columns: number
}

/** Rounds a matrix of rows of `columns` numbers. */
export function quantiseRows(matrix: Float32Array, columns: number): QuantisedRows {
  const rows = matrix.length / columns
  const values = new Int8Array(matrix.length)
  const scales = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let largest = 0
    for (let at = start; at < start + columns; at++) largest = Math.max(largest, Math.abs(matrix[at]!))
    const scale = largest / 127
    scales[row] = scale
    if (scale === 0) continue
    for (let at = start; at < start + columns; at++) values[at] = Math.round(matrix[at]! / scale)
  }
  return { values, scales, columns }
}
