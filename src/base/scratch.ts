/** Memory that is used again and again for what is read and soon forgotten: garbage of megabytes brings the collector out every few reads. */

/** Takes its space in turn; what was taken is valid until `reset`. */
export interface Scratch {
  take(sizeBytes: number): Uint8Array
  reset(): void
}

const alignmentBytes = 64

/** Grows to the most that was taken between two resets. */
export function createScratch(): Scratch {
  let bytes = new Uint8Array(0)
  let used = 0
  return {
    take(sizeBytes) {
      const start = Math.ceil(used / alignmentBytes) * alignmentBytes
      used = start + sizeBytes
      if (used <= bytes.length) return bytes.subarray(start, used)
      // What was taken before stays where it is until the reset.
      bytes = new Uint8Array(used)
      return bytes.subarray(start, used)
    },
    reset() {
      used = 0
    },
  }
}
