// The file of a static table: safetensors with `embedding` I8 [V, D] and `scale` F32 [V].

/** Bytes of a table; every row is scaled so that its largest entry is ±127. */
export function tableFile(
  vectors: Float32Array,
  { dimensions, metadata }: { dimensions: number; metadata: Readonly<Record<string, string>> },
): Uint8Array {
  const rows = vectors.length / dimensions
  const header = JSON.stringify({
    __metadata__: metadata,
    embedding: { dtype: 'I8', shape: [rows, dimensions], data_offsets: [0, vectors.length] },
    scale: { dtype: 'F32', shape: [rows], data_offsets: [vectors.length, vectors.length + 4 * rows] },
  })
  const encoded = new TextEncoder().encode(header)
  const padded = Math.ceil(encoded.length / 8) * 8
  const bytes = new Uint8Array(8 + padded + vectors.length + 4 * rows)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(padded), true)
  bytes.fill(0x20, 8, 8 + padded)
  bytes.set(encoded, 8)
  const codes = new Int8Array(bytes.buffer, 8 + padded, vectors.length)
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions)
    const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const scale = Math.fround(largest / 127)
    for (let d = 0; d < dimensions; d++)
      codes[row * dimensions + d] = scale > 0 ? Math.round(vector[d]! / scale) : 0
    view.setFloat32(8 + padded + vectors.length + 4 * row, scale, true)
  }
  return bytes
}
