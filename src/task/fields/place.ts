/** Places in a text, and whether something that stands there is a whole word or number. */

/** UTF-16 offsets, `end` exclusive. */
export interface Place {
  readonly start: number
  readonly end: number
}

/** Scripts that put no spaces between words: what stands there ends anywhere. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const letter = /\p{L}|\p{M}/u
const digit = /\p{N}/u

/** True where neither a word nor a number goes on across the ends of a place. */
export function isWhole(text: string, { start, end }: Place): boolean {
  return !goesOn(text, start) && !goesOn(text, end)
}

/** True where the signs on both sides of an offset belong together. */
function goesOn(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false
  const before = signBefore(text, at)
  const after = String.fromCodePoint(text.codePointAt(at)!)
  if (unspaced.test(before) || unspaced.test(after)) return false
  return (letter.test(before) && letter.test(after)) || (digit.test(before) && digit.test(after))
}

function signBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit <= 0xdfff ? text.slice(at - 2, at) : text[at - 1]!
}

/** True where two places have a character in common. */
export function overlap(a: Place, b: Place): boolean {
  return a.start < b.end && b.start < a.end
}

/** All places where a pattern, which must be global, matches and nothing of a word or number is cut off. */
export function wholeMatches(text: string, pattern: RegExp): readonly Place[] {
  const places: Place[] = []
  for (const match of text.matchAll(pattern)) {
    const place = { start: match.index, end: match.index + match[0].length }
    if (place.end > place.start && isWhole(text, place)) places.push(place)
  }
  return places
}
