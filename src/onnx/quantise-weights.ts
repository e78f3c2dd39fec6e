/** Weights in 8 bits: signed, with a scale for each output. */

/** The largest code: −127 to 127, so that no zero point is needed. */
const mostCode = 127

/** Codes [in, out] and scales [out] of weights [out, in], given in parts along the outputs, times a factor for each input. */
export function quantiseOutputs(
  parts: readonly Float32Array[],
  factors: Float32Array,
): { readonly codes: Int8Array; readonly scales: Float32Array } {
  const width = factors.length
  const outputs = parts.reduce((sum, part) => sum + part.length, 0) / width
  const codes = new Int8Array(width * outputs)
  const scales = new Float32Array(outputs)
  let output = 0
  for (const part of parts) {
    for (let begin = 0; begin < part.length; begin += width, output++) {
      const weights = part.subarray(begin, begin + width).map((weight, input) => weight * factors[input]!)
      const scale = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / mostCode || 1
      scales[output] = scale
      for (let input = 0; input < width; input++) {
        codes[input * outputs + output] = Math.round(weights[input]! / scale)
      }
    }
  }
  return { codes, scales }
}
