// The shape of a word: what an encoder that reads lower-cased pieces cannot see of it.

/** How words are written; the first that matches counts. */
const patterns: readonly RegExp[] = [
  /^@/,
  /^#/,
  /^(?:https?:|www\.)|:\/\//i,
  /^\p{N}+$/u,
  /^\p{Lu}$/u,
  /^\p{Lu}[\p{Lu}\p{M}]+$/u,
  /^\p{Lu}[\p{Ll}\p{M}]+$/u,
  /\p{Ll}.*\p{Lu}|\p{Lu}.*\p{Ll}/u,
  /^[\p{Ll}\p{M}]+$/u,
  /\p{N}/u,
  /\p{Lu}/u,
  /\p{L}/u,
]

/** 0: no word at all; then one for each pattern and one for the rest, once for first pieces and once for others. */
const kinds = patterns.length + 2

/** Shapes are numbers below this. */
export const shapeCount = 2 * kinds

/** Units of a word that are looked at: a longer one is no word. */
const mostUnits = 64

/** The shape of a word, for its first piece. */
export function shapeOf(word: string): number {
  const start = word.slice(0, mostUnits)
  const found = patterns.findIndex((pattern) => pattern.test(start))
  return found < 0 ? kinds - 1 : found + 1
}

/** The same shape, for pieces that go on with a word. */
export function continued(shape: number): number {
  return kinds + shape
}
