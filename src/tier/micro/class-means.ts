// Where a head of cosines begins: the direction of a label is that of the mean of its rows.

/** Rows that the means are of. */
export interface MeanRows {
  /** Of unit length, [rows, width]. */
  readonly vectors: Float32Array
  readonly width: number
  /** [rows, labels]. */
  readonly targets: Float32Array
  readonly labels: number
  readonly weights: Float32Array
}

/** Directions of unit length [labels, width]; that of a label without rows is the opposite of all others' mean. */
export function meanDirections({ vectors, width, targets, labels, weights }: MeanRows): Float32Array {
  const means = new Float32Array(labels * width)
  const all = new Float32Array(width)
  for (const [row, weight] of weights.entries()) {
    const vector = vectors.subarray(row * width, (row + 1) * width)
    addScaled(all, vector, -weight)
    for (let label = 0; label < labels; label++) {
      const share = weight * targets[row * labels + label]!
      if (share > 0) addScaled(means.subarray(label * width, (label + 1) * width), vector, share)
    }
  }
  for (let label = 0; label < labels; label++) {
    const mean = means.subarray(label * width, (label + 1) * width)
    if (!toUnitLength(mean)) {
      mean.set(all)
      toUnitLength(mean)
    }
  }
  return means
}

function addScaled(into: Float32Array, vector: Float32Array, factor: number): void {
  for (let unit = 0; unit < into.length; unit++) into[unit] = into[unit]! + factor * vector[unit]!
}

/** False where there is no direction. */
function toUnitLength(vector: Float32Array): boolean {
  const length = Math.hypot(...vector)
  if (length === 0) return false
  for (let unit = 0; unit < vector.length; unit++) vector[unit] = vector[unit]! / length
  return true
}

/** The linear head over vectors of unit length that a head of cosines is, once it is trained. */
export function linearOfCosines(
  { weight, bias }: { readonly weight: Float32Array; readonly bias: Float32Array },
  steepness: number,
): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const width = weight.length / bias.length
  const folded = Float32Array.from(weight)
  for (let label = 0; label < bias.length; label++) {
    const direction = folded.subarray(label * width, (label + 1) * width)
    toUnitLength(direction)
    for (let unit = 0; unit < width; unit++) direction[unit] = direction[unit]! * steepness
  }
  return { weight: folded, bias: Float32Array.from(bias) }
}
