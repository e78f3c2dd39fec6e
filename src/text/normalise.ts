// Brings a text into the form that n-grams are counted in. Not for showing to anyone, and not for spans:
// offsets are lost.

/** UTF-16 units of a text that features are made of; longer texts give their beginning and their end. */
export const featureLimit = 16_384

const headShare = 0.75 // what a text is about stands at its beginning more often than at its end

/** Compatibility forms made plain (NFKC), lower case; at most {@link featureLimit} units before and after. */
export function normaliseForFeatures(text: string): string {
  const bounded = boundText(text, featureLimit)
  // Most texts are ASCII, where NFKC changes nothing and costs as much as all the n-grams.
  if (!/[^\0-\x7f]/.test(bounded)) return bounded.toLowerCase()
  // One character can stand for eighteen, and some grow in lower case.
  return boundText(bounded.normalize('NFKC').toLowerCase(), featureLimit)
}

/** The text itself, or its first three quarters and last quarter of `limit` units with a line break between. */
export function boundText(text: string, limit: number): string {
  if (text.length <= limit) return text
  const head = Math.floor(limit * headShare)
  return `${text.slice(0, head)}\n${text.slice(text.length - (limit - head - 1))}`
}
