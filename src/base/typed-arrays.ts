/** Joining typed arrays. */

/** All parts one after another, in a new array. */
export function joinFloats(parts: readonly Float32Array[]): Float32Array {
  return joinInto(new Float32Array(lengthOf(parts)), parts)
}

/** The same for whole numbers. */
export function joinIntegers(parts: readonly Int32Array[]): Int32Array {
  return joinInto(new Int32Array(lengthOf(parts)), parts)
}

function lengthOf(parts: readonly { readonly length: number }[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

function joinInto<A extends Float32Array | Int32Array>(out: A, parts: readonly A[]): A {
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
