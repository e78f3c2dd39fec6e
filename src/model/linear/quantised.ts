// Weights in eight bits: each row of a matrix as whole numbers of -127 to 127 times a scale of its own.

/** A matrix by rows; `values[r, c] · scales[r]` is the number meant. */
export interface QuantisedRows {
  readonly values: Int8Array
  readonly scales: Float32Array
  readonly columns: number
}

/** The same with scales of one byte, for matrices of short rows: `values[r, c] · levelScales[levels[r]]`. */
export interface LevelledRows {
  readonly values: Int8Array
  readonly levels: Uint8Array
  readonly columns: number
}

const levelsPerDoubling = 16

/** Scale of each level: 256 steps of a sixteenth of a doubling, downwards from 1. */
export const levelScales = Float32Array.from(
  { length: 256 },
  (_, level) => 2 ** ((level - 255) / levelsPerDoubling),
)

/** Rounds a matrix of rows of `columns` numbers. */
export function quantiseRows(matrix: Float32Array, columns: number): QuantisedRows {
  const scales = new Float32Array(matrix.length / columns)
  const values = roundRows(matrix, columns, (largest, row) => {
    scales[row] = largest / 127
    return scales[row]!
  })
  return { values, scales, columns }
}

/** Rounds a matrix of rows of `columns` numbers, none beyond ±127, to scales that are levels: the next above. */
export function levelRows(matrix: Float32Array, columns: number): LevelledRows {
  const levels = new Uint8Array(matrix.length / columns)
  const values = roundRows(matrix, columns, (largest, row) => {
    const level = Math.ceil(255 + Math.log2(largest / 127) * levelsPerDoubling)
    levels[row] = Math.min(255, Math.max(0, level))
    return levelScales[levels[row]!]!
  })
  return { values, levels, columns }
}

/** Whole numbers of each row's scale; a row of zeros has none. */
function roundRows(
  matrix: Float32Array,
  columns: number,
  scaleOf: (largest: number, row: number) => number,
): Int8Array {
  const values = new Int8Array(matrix.length)
  for (let start = 0; start < matrix.length; start += columns) {
    let largest = 0
    for (let at = start; at < start + columns; at++) largest = Math.max(largest, Math.abs(matrix[at]!))
    if (largest === 0) continue
    const scale = scaleOf(largest, start / columns)
    for (let at = start; at < start + columns; at++) {
      values[at] = Math.min(127, Math.max(-127, Math.round(matrix[at]! / scale)))
    }
  }
  return values
}
