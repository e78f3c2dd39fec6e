// Which parts of a memory are free. Address-ordered first fit with neighbours joined: of the simple rules the one
// that leaves the least in unusable pieces (Johnstone and Wilson, "The memory fragmentation problem: solved?", 1998).

/** Free blocks of a memory; sizes and addresses in bytes. */
export interface FreeList {
  /** The address of a block of that size, the lowest there is. */
  take(size: number): number
  /** Takes a block back. */
  give(address: number, size: number): void
}

/** Free blocks in order of address from `start` on, the last one endless. */
export function createFreeList(start: number): FreeList {
  const blocks = [{ address: start, size: Number.POSITIVE_INFINITY }]
  return {
    take(size) {
      const index = blocks.findIndex((block) => block.size >= size)
      const block = blocks[index]!
      if (block.size === size) blocks.splice(index, 1)
      else blocks[index] = { address: block.address + size, size: block.size - size }
      return block.address
    },
    give(address, size) {
      const index = blocks.findIndex((block) => block.address > address)
      blocks.splice(index, 0, { address, size })
      // With the block after it, then with the one before.
      for (const at of [index, index - 1]) {
        const [block, next] = [blocks[at], blocks[at + 1]]
        if (!block || !next || block.address + block.size !== next.address) continue
        blocks.splice(at, 2, { address: block.address, size: block.size + next.size })
      }
    },
  }
}
