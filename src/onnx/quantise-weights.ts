/** Weights in 8 bits: signed, with a scale for each output. */

/** The largest code: −127 to 127, so that no zero point is needed. */
export const mostCode = 127

/** A weight [out, in] in 8 bits. */
export interface CodedWeight {
  /** [out, in]. */
  readonly codes: Int8Array<ArrayBuffer>
  /** [out]. */
  readonly scales: Float32Array<ArrayBuffer>
}

/** A weight [out, in], times a factor for each input. */
export function quantiseWeight(weight: Float32Array, factors: Float32Array): CodedWeight {
  const width = factors.length
  const codes = new Int8Array(weight.length)
  const scales = new Float32Array(weight.length / width)
  scales.forEach((_, output) => {
    const begin = output * width
    const own = weight.subarray(begin, begin + width).map((number, input) => number * factors[input]!)
    const scale = scaleFor(own.reduce((most, number) => Math.max(most, Math.abs(number)), 0))
    scales[output] = scale
    own.forEach((number, input) => {
      codes[begin + input] = Math.round(number / scale)
    })
  })
  return { codes, scales }
}

/** The numbers that codes stand for; made to codes again, by the same factors, they give the same codes and scales. */
export function codedNumbers(
  { codes, scales }: CodedWeight,
  factors: Float32Array,
): Float32Array<ArrayBuffer> {
  const width = factors.length
  const numbers = new Float32Array(codes.length)
  scales.forEach((scale, output) => {
    for (let input = 0, at = output * width; input < width; input++, at++) {
      numbers[at] = (codes[at]! * scale) / factors[input]!
    }
  })
  return numbers
}

/**
 * The scale by which the largest number gets the largest code. Of its 23 bits behind the point the last seven are 0, rounded
 * up: its products with codes of seven bits are float32 then, to the last bit.
 */
function scaleFor(most: number): number {
  const bits = new Uint32Array(Float32Array.of(most / mostCode || 1).buffer)
  bits[0] = (bits[0]! + 0x7f) & ~0x7f
  return new Float32Array(bits.buffer)[0]!
}

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
    const own = quantiseWeight(part, factors)
    scales.set(own.scales, output)
    for (let at = 0; at < part.length; at += width, output++) {
      for (let input = 0; input < width; input++) codes[input * outputs + output] = own.codes[at + input]!
    }
  }
  return { codes, scales }
}
