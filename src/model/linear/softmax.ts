// Softmax and the loss that goes with it.

/** Turns logits into probabilities, in place. */
export function softmaxInPlace(logits: Float32Array): void {
  let largest = Number.NEGATIVE_INFINITY
  for (const value of logits) if (value > largest) largest = value
  let sum = 0
  for (let c = 0; c < logits.length; c++) {
    const value = Math.exp(logits[c]! - largest)
    logits[c] = value
    sum += value
  }
  const scale = 1 / sum
  for (let c = 0; c < logits.length; c++) logits[c]! *= scale
}

/** Mean negative log-likelihood, in nats, of the right classes under rows of logits, N x C. */
export function meanLoss(logits: Float32Array, classes: Int32Array): number {
  const classCount = logits.length / Math.max(1, classes.length)
  const row = new Float32Array(classCount)
  let sum = 0
  for (let i = 0; i < classes.length; i++) {
    row.set(logits.subarray(i * classCount, (i + 1) * classCount))
    softmaxInPlace(row)
    sum -= Math.log(Math.max(1e-12, row[classes[i]!]!))
  }
  return sum / Math.max(1, classes.length)
}

/** Index of the largest value. */
export function largestIndex(values: Float32Array): number {
  let best = 0
  for (let c = 1; c < values.length; c++) if (values[c]! > values[best]!) best = c
  return best
}
