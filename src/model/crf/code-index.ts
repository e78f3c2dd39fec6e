// Row numbers of 32-bit feature codes: an open hash table over two plain arrays.

/** Finds rows of codes; row `r` belongs to the `r`-th code. */
export interface CodeIndex {
  readonly size: number
  /** Row of a code, -1 where it has none. */
  rowOf(code: number): number
}

/** A {@link CodeIndex} that grows. */
export interface GrowingCodeIndex extends CodeIndex {
  /** Row of a code, a new one where it had none. */
  rowFor(code: number): number
  /** The codes so far, by row. */
  codes(): Int32Array
}

/** The look-up over codes that are all different. */
export function createCodeIndex(codes: Int32Array): CodeIndex {
  const index = createGrowingCodeIndex(codes.length)
  for (const code of codes) index.rowFor(code)
  return index
}

/** An empty index that has room for so many codes before it must grow. */
export function createGrowingCodeIndex(expected = 1024): GrowingCodeIndex {
  let bits = Math.max(4, Math.ceil(Math.log2(expected * 2 + 1)))
  let slots = new Int32Array(1 << bits).fill(-1)
  let codes = new Int32Array(Math.max(16, expected))
  let size = 0

  // Codes are hashes already: their highest bits are as good as any.
  function slotOf(code: number): number {
    const mask = slots.length - 1
    let slot = code >>> (32 - bits)
    while (slots[slot] !== -1 && codes[slots[slot]!] !== code) slot = (slot + 1) & mask
    return slot
  }

  function grow(): void {
    bits++
    slots = new Int32Array(1 << bits).fill(-1)
    for (let row = 0; row < size; row++) slots[slotOf(codes[row]!)] = row
  }

  return {
    get size() {
      return size
    },
    rowOf: (code) => slots[slotOf(code)]!,
    rowFor(code) {
      const slot = slotOf(code)
      if (slots[slot] !== -1) return slots[slot]!
      if (size === codes.length) {
        const larger = new Int32Array(size * 2)
        larger.set(codes)
        codes = larger
      }
      codes[size] = code
      slots[slot] = size++
      if (size * 2 > slots.length) grow()
      return size - 1
    },
    codes: () => codes.slice(0, size),
  }
}
