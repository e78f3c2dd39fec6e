/** Weights in 8 bits as ONNX Runtime's MatMulNBits takes them: unsigned around 128, a scale for each block of inputs. */

/** Inputs that share a scale. */
export const blockSize = 128

/** Codes [out, in / block, block] and scales [out, in / block] of weights [out, in], given in parts along the outputs. */
export function quantiseBlocks(
  parts: readonly Float32Array[],
  width: number,
): { readonly codes: Uint8Array; readonly scales: Float32Array } {
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  const codes = new Uint8Array(size)
  const scales = new Float32Array((size / width) * (width / blockSize))
  let block = 0
  for (const part of parts) {
    for (let begin = 0; begin < part.length; begin += blockSize, block++) {
      const numbers = part.subarray(begin, begin + blockSize)
      const scale = numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0) / 127 || 1
      scales[block] = scale
      for (let i = 0; i < blockSize; i++) codes[block * blockSize + i] = Math.round(numbers[i]! / scale) + 128
    }
  }
  return { codes, scales }
}
